// A disk that is full: what would write is told so, what reads goes on, and it recovers by itself.
#include <sys/mount.h>

#include <cstring>
#include <fstream>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// A file system of a few megabytes, where the system lets us make one.
class small_disk {
public:
  small_disk() : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=64m") == 0) {
    if (!mounted_) trouble_ = std::strerror(errno);
  }
  ~small_disk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::string& trouble() const { return trouble_; }
  std::string data() const { return folder_.file("data"); }

  void fill() {
    std::ofstream ballast{folder_.file("ballast"), std::ios::binary};
    const std::string block(4096, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void relieve() { std::filesystem::remove(folder_.file("ballast")); }

private:
  temporary_folder folder_;
  bool mounted_;
  std::string trouble_;
};

}  // namespace

TEST_CASE("on a full disk writes are refused, reads go on, and it recovers by itself", "[S0.8][S4.5]") {
  small_disk disk;
  if (!disk.mounted()) {
    WARN("skipped: no tmpfs may be mounted here: " << disk.trouble());
    return;
  }
  auto options = shop::impatient();
  options.data = disk.data();
  shop shop{options};
  shop.user("ann", 10'000);
  shop.product("cup", 100, 100);
  REQUIRE(shop.buy({"ann", {{{"cup"}, 1, {}}}, {}}).state == order::state::completed);
  disk.fill();

  const auto tried = [&](command what) { return shop.node().front().ask_now(std::move(what), {{}, 30'000, 2'000}); };
  int written = 0;
  answer said;
  do {
    said = tried(wallet::charge{"more-" + std::to_string(written), {"ann"}, {1}, shop.now()});
  } while (said.done() && ++written < 10'000);
  CHECK(said.what == verdict::lost);
  CHECK(said.why == reason::storage_full);
  CHECK(shop.balance("ann") == 9'900 + written);
  CHECK(shop.stock("cup") == 99);
  int placed = 0;
  do {
    auto place = shop.placing({"ann", {{{"cup"}, 1, {}}}, {}});
    place.wait = false;
    said = tried(place);
  } while (said.done() && ++placed < 10'000);
  CHECK(said.why == reason::storage_full);
  CHECK(shop.balance("ann") >= 0);
  // Who starts now reads as well, although no desk can write down who asks for its cases.
  shop.close();
  disk.fill();
  shop.open();
  CHECK(shop.stock("cup") <= 99);
  CHECK(tried(wallet::charge{"too much", {"ann"}, {1}, shop.now()}).why == reason::storage_full);

  disk.relieve();
  CHECK(eventually([&] { return shop.ask(wallet::charge{"at last", {"ann"}, {5}, shop.now()}).done(); }));
  CHECK(shop.buy({"ann", {{{"cup"}, 1, {}}}, {}}).state == order::state::completed);
  CHECK(eventually([&] { return shop.node().sagas_running() == 0; }));
  CHECK(shop.broken_invariants() == "");
}
