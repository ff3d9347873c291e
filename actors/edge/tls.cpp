// Mutual TLS 1.3 between nodes, on OpenSSL.
#include "actors/edge/tls.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "actors/edge/certificates.hpp"
#include "actors/edge/freeing.hpp"

namespace souk::edge::tls {

namespace {

using context_ptr = std::unique_ptr<SSL_CTX, freeing<SSL_CTX_free>>;
using certificate_ptr = std::unique_ptr<X509, freeing<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freeing<EVP_PKEY_free>>;
using bio_ptr = std::unique_ptr<BIO, freeing<BIO_free_all>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freeing<GENERAL_NAMES_free>>;
using store_context_ptr = std::unique_ptr<X509_STORE_CTX, freeing<X509_STORE_CTX_free>>;

// --- why somebody may not -------------------------------------------------------------------

struct words {
  int code;
  trouble why;
  const char* text;
};
constexpr std::array on_certificates{
    words{X509_V_ERR_CERT_HAS_EXPIRED, trouble::expired, "its certificate has expired"},
    words{X509_V_ERR_CERT_NOT_YET_VALID, trouble::not_yet_valid, "its certificate does not hold yet"},
    words{X509_V_ERR_HOSTNAME_MISMATCH, trouble::wrong_name, "its certificate is another node's"},
    words{X509_V_ERR_INVALID_PURPOSE, trouble::wrong_purpose, "its certificate is not made for this"},
    words{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, trouble::wrong_authority, "its certificate is not of our authority"},
    words{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, trouble::wrong_authority,
          "its certificate is not of our authority"},
    words{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, trouble::wrong_authority,
          "its certificate is not of our authority"},
    words{X509_V_ERR_CERT_SIGNATURE_FAILURE, trouble::wrong_authority, "its certificate is not of our authority"},
    words{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, trouble::wrong_authority, "its certificate is signed by itself"},
    words{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, trouble::wrong_authority, "its certificate is of another authority"}};
constexpr std::array on_protocol{
    words{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, trouble::no_certificate, "it shows no certificate"},
    words{SSL_R_UNSUPPORTED_PROTOCOL, trouble::old_tls, "it speaks a TLS older than 1.3"},
    words{SSL_R_WRONG_SSL_VERSION, trouble::old_tls, "it speaks a TLS older than 1.3"},
    words{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, trouble::old_tls, "it speaks a TLS older than 1.3"},
    words{SSL_R_WRONG_VERSION_NUMBER, trouble::no_tls, "it does not speak TLS"},
    words{SSL_R_HTTP_REQUEST, trouble::no_tls, "it speaks HTTP"},
    words{SSL_R_HTTPS_PROXY_REQUEST, trouble::no_tls, "it speaks HTTP"},
    words{SSL_R_UNEXPECTED_MESSAGE, trouble::no_tls, "it does not speak TLS"},
    words{SSL_R_BAD_RECORD_TYPE, trouble::no_tls, "it does not speak TLS"},
    words{SSL_R_LENGTH_TOO_LONG, trouble::no_tls, "it does not speak TLS"},
    words{SSL_R_PACKET_LENGTH_TOO_LONG, trouble::no_tls, "it does not speak TLS"},
    words{SSL_R_ENCRYPTED_LENGTH_TOO_LONG, trouble::no_tls, "it does not speak TLS"},
    words{SSL_R_UNEXPECTED_EOF_WHILE_READING, trouble::cut_off, "the connection was cut off"}};

std::optional<words> found(const auto& table, int code) {
  const auto at = std::find_if(table.begin(), table.end(), [code](const words& one) { return one.code == code; });
  return at == table.end() ? std::nullopt : std::optional{*at};
}

// --- names ----------------------------------------------------------------------------------

// The DNS names of a certificate as they stand there. Its subject does not count, and a '*' is a letter like any other.
std::vector<std::string> names_in(const X509* certificate) {
  std::vector<std::string> found;
  const names_ptr all{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const auto* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName));
    found.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName)));
  }
  return found;
}

std::string in_words(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& one : names) all += (all.empty() ? "" : ", ") + (is_node_name(one) ? one : "a name that is none");
  return all.empty() ? "no name" : all;
}

// --- files ----------------------------------------------------------------------------------

[[noreturn]] void wrong(const std::string& file, const std::string& what) {
  ERR_clear_error();
  throw std::invalid_argument(file + ": " + what);
}

bio_ptr opened(const std::string& file, bool is_key = false) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) wrong(file, std::strerror(errno));
  bio_ptr bio{BIO_new_fd(fd, BIO_CLOSE)};
  struct stat about {};
  if (!bio || ::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) wrong(file, "is no file");
  if (is_key && (about.st_mode & (S_IRWXG | S_IRWXO)))
    wrong(file, "this private key can be read by others; mend it with: chmod 600 " + file);
  return bio;
}

// Nobody sits there to be asked for a password.
int no_password(char*, int, int, void*) { return -1; }

key_ptr read_key(const std::string& file) {
  const auto bio = opened(file, true);
  key_ptr key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr)};
  if (!key) wrong(file, "holds no private key in PEM without a password");
  return key;
}

std::vector<certificate_ptr> read_certificates(const std::string& file) {
  const auto bio = opened(file);
  std::vector<certificate_ptr> all;
  while (certificate_ptr one{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)})
    all.push_back(std::move(one));
  if (all.empty()) wrong(file, "holds no certificate in PEM");
  ERR_clear_error();
  return all;
}

int index_of_line() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

// --- identity -------------------------------------------------------------------------------

struct identity::contexts {
  context_ptr answering, calling;
};

struct line::session {
  std::unique_ptr<SSL, freeing<SSL_free>> ssl;

  // Called for each certificate on the way to the authority; the last one is the other side's own.
  static int look(int fine, X509_STORE_CTX* at) {
    if (!fine || X509_STORE_CTX_get_error_depth(at) != 0) return fine;
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(at, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& mine = *static_cast<line*>(SSL_get_ex_data(ssl, index_of_line()));
    const auto names = names_in(X509_STORE_CTX_get_current_cert(at));
    for (const auto& one : names)
      if (std::find(mine.names_.begin(), mine.names_.end(), one) != mine.names_.end()) {
        mine.other_ = one;
        return 1;
      }
    mine.seen_ = in_words(names);
    X509_STORE_CTX_set_error(at, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
  }
};

namespace {

// Whatever others would find wrong with our certificate, for both of its uses.
void check_own(SSL_CTX* context, const std::vector<certificate_ptr>& chain, const papers& own) {
  const auto drop = [](STACK_OF(X509) * list) { sk_X509_free(list); };
  const std::unique_ptr<STACK_OF(X509), decltype(drop)> between{sk_X509_new_null()};
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  for (const auto* use : {"ssl_server", "ssl_client"}) {
    const store_context_ptr at{X509_STORE_CTX_new()};
    X509_STORE_CTX_init(at.get(), SSL_CTX_get_cert_store(context), chain.front().get(), between.get());
    X509_STORE_CTX_set_default(at.get(), use);
    if (X509_verify_cert(at.get()) == 1) continue;
    const auto code = X509_STORE_CTX_get_error(at.get());
    const auto known = found(on_certificates, code);
    wrong(own.certificate, known && known->why == trouble::expired ? "this certificate has expired"
                           : known && known->why == trouble::wrong_authority
                               ? "this certificate is not of the authority in " + own.authority
                               : std::string{X509_verify_cert_error_string(code)});
  }
  const auto names = names_in(chain.front().get());
  if (std::find(names.begin(), names.end(), own.name) == names.end())
    wrong(own.certificate, "this certificate is not the node's, " + own.name + ": it has " + in_words(names));
}

context_ptr make_context(const SSL_METHOD* method) {
  context_ptr made{SSL_CTX_new(method)};
  if (!made) throw std::runtime_error("no TLS here");
  SSL_CTX_set_min_proto_version(made.get(), TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(made.get(), TLS1_3_VERSION);
  // Sessions are not taken up again: each connection shows its certificates.
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(made.get(), 0);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(made.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // What a stranger may make us keep: a chain of ours has a kilobyte.
  SSL_CTX_set_max_cert_list(made.get(), 16 * 1024);
  SSL_CTX_set_verify_depth(made.get(), 4);
  return made;
}

}  // namespace

identity::identity(const papers& own) : contexts_(std::make_unique<contexts>()) {
  const auto authorities = read_certificates(own.authority);
  const auto chain = read_certificates(own.certificate);
  const auto key = read_key(own.key);
  if (X509_check_private_key(chain.front().get(), key.get()) != 1)
    wrong(own.key, "is not the key of the certificate in " + own.certificate);
  contexts_->answering = make_context(TLS_server_method());
  contexts_->calling = make_context(TLS_client_method());
  for (auto* context : {contexts_->answering.get(), contexts_->calling.get()}) {
    for (const auto& one : authorities) {
      if (X509_check_ca(one.get()) == 0) wrong(own.authority, "is no authority's certificate");
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get());
    }
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
      wrong(own.certificate, "this certificate cannot be used");
    for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) wrong(own.key, "this key cannot be used");
    check_own(context, chain, own);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, line::session::look);
  }
  std::tm until{};
  ASN1_TIME_to_tm(X509_get0_notAfter(chain.front().get()), &until);
  until_ = ::timegm(&until);
}

identity::~identity() = default;

std::unique_ptr<line> identity::answer(int socket, std::vector<std::string> may_call) const {
  return make(socket, true, std::move(may_call));
}
std::unique_ptr<line> identity::call(int socket, std::string whom) const {
  return make(socket, false, {std::move(whom)});
}

std::unique_ptr<line> identity::make(int socket, bool answers, std::vector<std::string> names) const {
  auto with = std::make_unique<line::session>();
  with->ssl.reset(SSL_new(answers ? contexts_->answering.get() : contexts_->calling.get()));
  if (!with->ssl || SSL_set_fd(with->ssl.get(), socket) != 1) throw std::bad_alloc();
  answers ? SSL_set_accept_state(with->ssl.get()) : SSL_set_connect_state(with->ssl.get());
  return std::unique_ptr<line>{new line{std::move(with), std::move(names)}};
}

// --- line -----------------------------------------------------------------------------------

line::line(std::unique_ptr<session> with, std::vector<std::string> names)
    : session_(std::move(with)), names_(std::move(names)) {
  SSL_set_ex_data(session_->ssl.get(), index_of_line(), this);
}
line::~line() = default;

outcome line::shake() {
  ERR_clear_error();
  const auto result = SSL_do_handshake(session_->ssl.get());
  if (result != 1) {
    const auto how = after(result);
    if (how != outcome::closed) return how;
    why_ = trouble::cut_off;
    text_ = "it hung up in the handshake";
    return outcome::failed;
  }
  // It cannot be otherwise with the context that we made; it costs nothing to look.
  if (SSL_get_verify_result(session_->ssl.get()) == X509_V_OK && SSL_get0_peer_certificate(session_->ssl.get()) &&
      !other_.empty())
    return outcome::done;
  why_ = trouble::no_certificate;
  text_ = "it shows no certificate";
  return outcome::failed;
}

transfer line::read(char* into, std::size_t room) {
  ERR_clear_error();
  std::size_t n = 0;
  const auto result = SSL_read_ex(session_->ssl.get(), into, room, &n);
  return result == 1 ? transfer{outcome::done, n} : transfer{after(result)};
}

transfer line::write(const char* from, std::size_t size) {
  ERR_clear_error();
  std::size_t n = 0;
  const auto result = SSL_write_ex(session_->ssl.get(), from, size, &n);
  return result == 1 ? transfer{outcome::done, n} : transfer{after(result)};
}

outcome line::close() {
  ERR_clear_error();
  const auto result = SSL_shutdown(session_->ssl.get());
  // 0: said, and the other side has not said so yet.
  return result >= 0 ? outcome::done : after(result);
}

outcome line::after(int result) {
  const int error_now = errno;
  switch (SSL_get_error(session_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ: return outcome::wants_read;
    case SSL_ERROR_WANT_WRITE: return outcome::wants_write;
    case SSL_ERROR_ZERO_RETURN: return outcome::closed;
    case SSL_ERROR_SYSCALL:
      why_ = trouble::cut_off;
      text_ = error_now ? std::string{"the connection was cut off: "} + std::strerror(error_now)
                        : "the connection was cut off";
      return outcome::failed;
    default: blame(); return outcome::failed;
  }
}

void line::blame() {
  const auto error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  const char* said = ERR_reason_error_string(error);
  const auto verified = SSL_get_verify_result(session_->ssl.get());
  why_ = trouble::other;
  text_ = said ? said : "TLS failed";
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const auto known = found(on_certificates, static_cast<int>(verified));
    why_ = known ? known->why : trouble::other;
    text_ = known ? known->text : X509_verify_cert_error_string(verified);
    if (why_ == trouble::wrong_name) text_ += ": it has " + seen_;
  } else if (const auto known = found(on_protocol, reason)) {
    why_ = known->why;
    text_ = known->text;
  } else if (reason >= SSL_AD_REASON_OFFSET) {
    why_ = trouble::refused;
    text_ = "it refuses us: " + text_;
  }
  ERR_clear_error();
}

}  // namespace souk::edge::tls
