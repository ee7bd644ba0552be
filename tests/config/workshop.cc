#include "workshop.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace smm::config {

Workshop::Workshop() {
  std::string pattern = std::filesystem::temp_directory_path() / "smm-config-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = pattern;
  ::chmod(pattern.c_str(), 0755);
  places.file = directory_ / "smm.toml";
  places.group = ::getegid();
  write("keys/p1", "  0123456789abcdef\n");
}

Workshop::~Workshop() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Workshop::write(std::string_view name, std::string_view content, unsigned mode) const {
  const auto file = path(name);
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
  if (::chmod(file.c_str(), mode) != 0) throw std::runtime_error("chmod");
}

tl::expected<Policy, std::vector<Complaint>> Workshop::load(std::string_view text) {
  write("smm.toml", text);
  return config::load(places, &warnings);
}

std::vector<std::string> Workshop::complaints(std::string_view text) {
  std::vector<std::string> texts;
  const auto loaded = load(text);
  if (loaded) return texts;
  for (const auto& complaint : loaded.error()) {
    CHECK(complaint.file == places.file.string());
    texts.push_back(to_text(complaint).substr(complaint.file.size() + 1));
  }
  return texts;
}

std::string Workshop::complaint(std::string_view text) {
  const auto all = complaints(text);
  for (std::size_t i = 1; i < all.size(); ++i) MESSAGE("also: " << all[i]);
  REQUIRE(all.size() == 1);
  return all.front();
}

Policy Workshop::policy(std::string_view text) {
  auto loaded = load(text);
  if (!loaded) {
    for (const auto& complaint : loaded.error()) MESSAGE(to_text(complaint));
  }
  REQUIRE(loaded.has_value());
  return std::move(*loaded);
}

std::string as_nobody(const std::function<std::string()>& work) {
  if (::geteuid() != 0) return work();
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  const auto child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    constexpr unsigned nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(1);
    const auto text = work();
    ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(status == 0);
  return text;
}

}  // namespace smm::config
