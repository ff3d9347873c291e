// Makes an authority and its certificates, on OpenSSL.
#include "actors/edge/certificates.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <vector>

#include "actors/edge/freeing.hpp"

namespace souk::edge {

namespace {

namespace fs = std::filesystem;

using certificate_ptr = std::unique_ptr<X509, freeing<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freeing<EVP_PKEY_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freeing<X509_EXTENSION_free>>;
using bio_ptr = std::unique_ptr<BIO, freeing<BIO_free_all>>;

constexpr std::int64_t day_ms = 24 * 3'600 * 1'000LL;
// Clocks of two hosts differ by a little.
constexpr std::int64_t begun_before_ms = 5 * 60 * 1'000LL;

// --- files ----------------------------------------------------------------------------------

bool is_there(const std::string& file) {
  std::error_code ignored;
  return fs::symlink_status(file, ignored).type() != fs::file_type::not_found;
}

// Never over what is there, never half: a file that could not be written whole is taken away again.
void write_new(const std::string& file, const std::string& content, mode_t mode) {
  const auto failed = [&](int why) { throw certificate_trouble(file + ": cannot be written: " + std::strerror(why)); };
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0 && errno == EEXIST) throw certificate_conflict(file + ": is there already");
  if (fd < 0) failed(errno);
  std::size_t done = 0;
  while (done < content.size()) {
    const auto n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    done += static_cast<std::size_t>(n);
  }
  // Whatever the umask took away, the owner can read it.
  const bool whole = done == content.size() && ::fchmod(fd, mode) == 0 && ::fsync(fd) == 0;
  const int why = errno;
  ::close(fd);
  if (whole) return;
  ::unlink(file.c_str());
  failed(why);
}

template <class T>
T* read_pem(const std::string& file, T* (*read)(BIO*, T**, pem_password_cb*, void*), const char* what) {
  errno = 0;
  const bio_ptr bio{BIO_new_file(file.c_str(), "r")};
  if (!bio) {
    ERR_clear_error();
    throw certificate_trouble(file + ": " + (errno ? std::strerror(errno) : "cannot be read"));
  }
  T* one = read(
      bio.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr);
  ERR_clear_error();
  if (!one) throw certificate_trouble(file + ": holds no " + what + " in PEM");
  return one;
}
certificate_ptr read_certificate(const std::string& file) {
  return certificate_ptr{read_pem<X509>(file, PEM_read_bio_X509, "certificate")};
}
key_ptr read_key(const std::string& file) {
  return key_ptr{read_pem<EVP_PKEY>(file, PEM_read_bio_PrivateKey, "private key without a password")};
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// --- certificates ---------------------------------------------------------------------------

void must(bool fine) {
  if (fine) return;
  const auto error = ERR_get_error();
  const char* said = ERR_reason_error_string(error);
  ERR_clear_error();
  throw certificate_trouble(std::string{"the certificate could not be made: "} + (said ? said : "no reason given"));
}

moment end_of(const X509* certificate) {
  std::tm until{};
  must(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until) == 1);
  return {::timegm(&until) * 1'000};
}

struct extension {
  int id;
  std::string value;
};

void add(X509* to, X509* authority, const std::vector<extension>& all) {
  X509V3_CTX about;
  X509V3_set_ctx_nodb(&about);
  X509V3_set_ctx(&about, authority, to, nullptr, nullptr, 0);
  for (const auto& [id, value] : all) {
    const extension_ptr made{X509V3_EXT_conf_nid(nullptr, &about, id, value.c_str())};
    must(made && X509_add_ext(to, made.get(), -1) == 1);
  }
}

struct span {
  moment from, until;
};

// A certificate without extensions and signature. The serial is 126 random bits: nobody keeps a list.
certificate_ptr blank(EVP_PKEY* key, const std::string& common_name, span holds) {
  certificate_ptr made{X509_new()};
  std::array<unsigned char, 16> serial{};
  must(made && RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3f) | 0x40);
  const std::unique_ptr<BIGNUM, freeing<BN_free>> number{
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr)};
  must(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get())));
  must(X509_set_version(made.get(), X509_VERSION_3) == 1 && X509_set_pubkey(made.get(), key) == 1);
  must(ASN1_TIME_set(X509_getm_notBefore(made.get()), holds.from.ms / 1'000) &&
       ASN1_TIME_set(X509_getm_notAfter(made.get()), holds.until.ms / 1'000));
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1);
  return made;
}

key_ptr new_key() {
  key_ptr key{EVP_EC_gen("P-256")};
  must(static_cast<bool>(key));
  return key;
}

certificate_files keep(X509* certificate, EVP_PKEY* key, const certificate_files& where) {
  const bio_ptr public_text{BIO_new(BIO_s_mem())};
  const bio_ptr secret_text{BIO_new(BIO_s_secmem())};
  must(PEM_write_bio_X509(public_text.get(), certificate) == 1);
  must(PEM_write_bio_PKCS8PrivateKey(secret_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  write_new(where.key, text_of(secret_text.get()), S_IRUSR | S_IWUSR);
  try {
    write_new(where.certificate, text_of(public_text.get()), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  } catch (const certificate_trouble&) {
    ::unlink(where.key.c_str());
    throw;
  }
  return {where.certificate, where.key, end_of(certificate), true};
}

certificate_files files_in(const std::string& directory, const std::string& name) {
  const auto at = fs::path{directory} / name;
  return {at.string() + ".crt", at.string() + ".key", {}, false};
}

// True when both are there, false when neither is; one alone is in the way.
bool both_there(const certificate_files& where) {
  const bool certificate = is_there(where.certificate), key = is_there(where.key);
  if (certificate != key)
    throw certificate_conflict((certificate ? where.certificate : where.key) + ": is there, without " +
                               (certificate ? where.key : where.certificate));
  return certificate;
}

// What is there already is as good as made when it is right.
certificate_files as_it_is(const certificate_files& where, const certificate_ptr& certificate, moment now) {
  if (X509_check_private_key(certificate.get(), read_key(where.key).get()) != 1) {
    ERR_clear_error();
    throw certificate_conflict(where.key + ": is not the key of " + where.certificate);
  }
  const auto until = end_of(certificate.get());
  if (until < now)
    throw certificate_conflict(where.certificate + ": is there already, and has expired on " + to_text(until) +
                               "; move it and " + where.key + " away for new ones");
  return {where.certificate, where.key, until, false};
}

std::string random_letters() {
  std::array<unsigned char, 4> some{};
  must(RAND_bytes(some.data(), static_cast<int>(some.size())) == 1);
  std::string out;
  for (const auto byte : some) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

}  // namespace

bool is_node_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && plain(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

certificate_files make_authority(const std::string& directory, certificate_term term) {
  std::error_code trouble;
  fs::create_directories(directory, trouble);
  if (trouble) throw certificate_trouble(directory + ": cannot be made: " + trouble.message());
  const auto where = files_in(directory, "ca");
  if (both_there(where)) {
    const auto there = read_certificate(where.certificate);
    if (X509_check_ca(there.get()) == 0) throw certificate_conflict(where.certificate + ": is no authority's");
    return as_it_is(where, there, term.now);
  }
  const auto key = new_key();
  // Its name is its own, so that a certificate of another authority is never looked for here.
  auto made = blank(key.get(), "souk cluster " + random_letters(),
                    {term.now + -begun_before_ms, term.now + term.days * day_ms});
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1);
  add(made.get(), made.get(),
      {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
       {NID_key_usage, "critical,keyCertSign,cRLSign"},
       {NID_subject_key_identifier, "hash"}});
  must(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);
  return keep(made.get(), key.get(), where);
}

certificate_files make_certificate(const std::string& directory, const std::string& node, certificate_term term) {
  if (!is_node_name(node) || node == "ca")
    throw certificate_trouble("'" + node + "' is no node's name: 1 to 64 letters, digits, '-', '_' and '.', not ca");
  const auto above = files_in(directory, "ca");
  if (!is_there(above.certificate))
    throw certificate_trouble(above.certificate + ": is not there; the authority is made first, with --ca");
  const auto authority = read_certificate(above.certificate);
  const auto where = files_in(directory, node);
  if (both_there(where)) {
    const auto there = read_certificate(where.certificate);
    if (X509_verify(there.get(), X509_get0_pubkey(authority.get())) != 1) {
      ERR_clear_error();
      throw certificate_conflict(where.certificate + ": is there already, and not of the authority in " +
                                 above.certificate);
    }
    return as_it_is(where, there, term.now);
  }
  const auto signing = read_key(above.key);
  if (X509_check_private_key(authority.get(), signing.get()) != 1) {
    ERR_clear_error();
    throw certificate_trouble(above.key + ": is not the key of " + above.certificate);
  }
  const auto last = end_of(authority.get());
  if (last < term.now) throw certificate_trouble(above.certificate + ": has expired on " + to_text(last));
  const auto until = std::min(term.now + term.days * day_ms, last);
  const auto key = new_key();
  auto made = blank(key.get(), node, {term.now + -begun_before_ms, until});
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(authority.get())) == 1);
  add(made.get(), authority.get(),
      {{NID_basic_constraints, "critical,CA:FALSE"},
       {NID_key_usage, "critical,digitalSignature"},
       {NID_ext_key_usage, "serverAuth,clientAuth"},
       {NID_subject_alt_name, "DNS:" + node},
       {NID_subject_key_identifier, "hash"},
       {NID_authority_key_identifier, "keyid"}});
  must(X509_sign(made.get(), signing.get(), EVP_sha256()) > 0);
  return keep(made.get(), key.get(), where);
}

}  // namespace souk::edge
