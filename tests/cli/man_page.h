#pragma once

#include <map>
#include <set>
#include <string>

// What smm-tracker(1) says, read from its source; and what the program's help says, in the same shape.
namespace smm::test {

using Names = std::set<std::string>;

struct DocumentFields {
  Names always;
  Names sometimes;
};

struct ManPage {
  std::map<std::string, Names> commands;  // "panels show" and its options, "--limit"; without the common ones
  Names common;                           // options of every command
  std::map<std::string, Names> documents;        // a command, and what it prints with --json: "list of order"
  std::map<std::string, DocumentFields> fields;  // of each document
};

ManPage read_man_page(const std::string& file);

// The same from `--help` of every command there is; without documents and fields.
ManPage read_help();

}  // namespace smm::test
