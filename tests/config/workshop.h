#pragma once

#include "config/config.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// A directory of real files with a configuration in it; removed at the end.
class Workshop {
 public:
  Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop();

  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return directory_ / name; }
  // Writes a file below the directory, with directories on the way.
  void write(std::string_view name, std::string_view content, unsigned mode = 0600) const;

  // Loads `text` as smm.toml, with the group of this process unless `places` says otherwise.
  tl::expected<Policy, std::vector<Complaint>> load(std::string_view text);
  // The complaints about `text`, each `LINE:COLUMN: where: what`; empty when it loads.
  std::vector<std::string> complaints(std::string_view text);
  // The only one of them.
  std::string complaint(std::string_view text);
  // Fails the test when there are complaints.
  Policy policy(std::string_view text);

  Places places;
  std::vector<Complaint> warnings;  // of the last load

 private:
  std::filesystem::path directory_;
};

// A panel p1 with its key in place; add keys below it.
inline constexpr std::string_view panel_p1 =
    "[panel.p1]\n"
    "url = \"https://panel.example/api/v2\"\n"
    "key_file = \"keys/p1\"\n";

// Runs `work` without the privileges that open every file, and gives back its text.
std::string as_nobody(const std::function<std::string()>& work);

}  // namespace smm::config
