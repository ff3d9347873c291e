// Plays a saga as a script: what it asks, what is answered, how it ends.
#pragma once

#include <string>
#include <vector>

#include "actors/sagas/machine.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::tests {

class script {
public:
  enum class way { there, back };
  explicit script(const sagas::plan& of, way which = way::there) : plan_(of), machine_(of, which == way::back) {
    which == way::back ? machine_.walk_back(open_) : machine_.begin(open_);
    note();
  }

  // What the machine has asked since the last question: "run take_stock, undo ..."
  std::string asks() {
    auto text = std::exchange(asked_, {});
    return text;
  }
  script& done(const sagas::step& what) { return hear(what, sagas::outcome::done); }
  script& refused(const sagas::step& what) { return hear(what, sagas::outcome::refused); }
  script& lost(const sagas::step& what) { return hear(what, sagas::outcome::lost); }
  script& undone(const sagas::step& what) { return hear(what, sagas::outcome::undone); }
  script& silent(const sagas::step& what, int times = 1) {
    for (int i = 0; i < times; ++i) {
      open_.clear();
      machine_.on_silence(plan_.index_of(&what), {}, open_);
      note();
    }
    return *this;
  }
  script& cancelled() {
    open_.clear();
    machine_.on_cancel(open_);
    note();
    return *this;
  }
  script& resumed() {
    open_.clear();
    machine_.resume(open_);
    note();
    return *this;
  }
  // All these are done, one after the other; what was asked is forgotten.
  script& after(std::initializer_list<const sagas::step*> steps) {
    for (const auto* one : steps) done(*one);
    asked_.clear();
    return *this;
  }
  sagas::machine& machine() { return machine_; }

private:
  script& hear(const sagas::step& what, sagas::outcome how) {
    open_.clear();
    machine_.on(plan_.index_of(&what), how, open_);
    note();
    return *this;
  }
  void note() {
    using kind = sagas::order_to_go::kind;
    for (const auto& one : open_) {
      asked_ += asked_.empty() ? "" : ", ";
      const std::string step{plan_.stages()[one.stage].step->name};
      if (one.what == kind::run) asked_ += "run " + step;
      if (one.what == kind::undo) asked_ += "undo " + step;
      if (one.what == kind::complete) asked_ += "complete";
      if (one.what == kind::reject) asked_ += "reject";
      if (one.what == kind::park) asked_ += "park at " + step;
      if (one.tries) asked_ += " again";
    }
  }

  const sagas::plan& plan_;
  sagas::machine machine_;
  sagas::machine::moves open_;
  std::string asked_;
};

}  // namespace souk::tests
