#pragma once

#include <curl/curl.h>
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace smm::bench {

// What asking about orders costs at the least: libcurl's multi interface on kept connections, a form made
// beforehand for each hundred orders, and simdjson reading the id and every field of every order where the
// reply was received. It knows nothing, keeps nothing and compares nothing.
class PollFloor {
 public:
  PollFloor(const std::string& url, std::size_t orders, std::size_t at_once, bool gzip);
  ~PollFloor();
  PollFloor(const PollFloor&) = delete;
  PollFloor& operator=(const PollFloor&) = delete;

  // Asks about so many orders, going round, as fast as it goes; CPU time of this thread in microseconds for
  // each.
  double ask(std::size_t ids);

 private:
  struct Transfer {
    CURL* easy = nullptr;
    std::string reply;
  };
  static std::size_t take(char* bytes, std::size_t size, std::size_t count, void* transfer);
  void begin(Transfer& transfer);
  std::size_t read(Transfer& transfer);
  // What came back; how many orders it tells of.
  std::size_t collect();

  std::vector<std::string> forms_;
  std::size_t next_form_ = 0;
  std::vector<Transfer> transfers_;
  std::vector<Transfer*> idle_;
  curl_slist* headers_ = nullptr;
  CURLM* multi_ = curl_multi_init();
  simdjson::ondemand::parser parser_;
  std::uint64_t sum_ = 0;  // of what was read, so that it is read
};

}  // namespace smm::bench
