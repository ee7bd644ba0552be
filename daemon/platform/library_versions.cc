#include "platform/library_versions.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <sqlite3.h>

namespace smm::platform {

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"sqlite", sqlite3_libversion()},
          {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
          {"libmicrohttpd", MHD_get_version()}};
}

}  // namespace smm::platform
