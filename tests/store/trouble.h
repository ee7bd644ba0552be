#pragma once

#include "disk/faulty_vfs.h"
#include "platform/database.h"

#include <string>
#include <vector>

// What goes wrong with disks and memory. A program that is linked with this has SQLite ask the faulty VFS and
// the short memory, and makes the calls that may fail.
namespace smm::store {

struct Trouble {
  std::string name;
  test::Fault fault;                               // of the disk, as SQLite is told
  std::vector<platform::DatabaseErrorKind> kinds;  // what the error may be called
  bool is_of_memory = false;
  int call_error = 0;  // of the system's calls, an errno; 0: it is not of them
  [[nodiscard]] bool is_rubbish() const { return !is_of_memory && call_error == 0 && fault.code == 0; }
};

// Whether SMM_ALL_TROUBLES asks for all there are, and not for some of each sort.
[[nodiscard]] bool wants_all_troubles();

// SQLite has three ways with them: FULL, IOERR and NOMEM end the transaction, READONLY and CORRUPT the
// statement, and rubbish it has to find out. All of them, or one of each.
[[nodiscard]] std::vector<Trouble> troubles_of_statements();
// Those, and what the system's calls for files say.
[[nodiscard]] std::vector<Trouble> troubles_of_files();

// One trouble, which comes to the ask behind so many spared ones, or to all from there on.
class Blow {
 public:
  Blow(Trouble trouble, int spared, bool is_lasting);
  ~Blow();
  Blow(const Blow&) = delete;
  Blow& operator=(const Blow&) = delete;

  // In between everything goes well, and nothing is counted.
  void pause();
  void resume();
  // While it is paused.
  [[nodiscard]] int asked() const { return asked_; }
  [[nodiscard]] int struck() const { return struck_; }

 private:
  Trouble trouble_;
  int spared_;
  bool is_lasting_;
  bool is_paused_ = true;
  int asked_ = 0;
  int struck_ = 0;
};

}  // namespace smm::store
