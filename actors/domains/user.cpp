// Decides what users may be called and whether they exist.
#include "actors/domains/user.hpp"

namespace souk::domains {

answer user::on(const souk::user::put& put) {
  auto now = store_.find(put.user).value_or(souk::user::view{put.user, put.name, put.at});
  now.name = put.name;
  store_.save(now);
  return reply_with(std::move(now));
}

answer user::on(const souk::user::find& find) {
  if (auto found = store_.find(find.user)) return reply_with(*std::move(found));
  return refuse(reason::unknown_user, find.user.text);
}

answer user::on(const souk::user::verify& verify) {
  if (known_.contains(verify.user)) return {};
  if (!store_.find(verify.user)) return refuse(reason::unknown_user, verify.user.text);
  if (known_.size() == known_max) known_.clear();
  known_.insert(verify.user);
  return {};
}

}  // namespace souk::domains
