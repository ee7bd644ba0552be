#include "config/secrets.h"

#include "config/secret_file.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

namespace smm::config {
namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t least_secret_bytes = 24;
constexpr std::size_t most_secret_bytes = 64;

// Where a path was asked for, somebody may have put the secret itself; then it must not be repeated.
bool looks_like_a_secret(std::string_view text) {
  if (text.find(secret_prefix) != std::string_view::npos) return true;
  if (text.find_first_of("+=") != std::string_view::npos && text.size() >= 20) return true;
  return text.size() >= 20 && text.find_first_of("/.") == std::string_view::npos;
}

bool is_credential_name(std::string_view name) {
  return name != "." && name != ".." && name.size() <= 255 && name.find('/') == std::string_view::npos;
}

class SecretReader {
 public:
  SecretReader(Section& section, const Entry& entry, const Places& places)
      : section_(section), entry_(entry), places_(places) {}

  std::optional<std::string> from_file(const Node& value, const std::string& name) {
    auto text = read_secret_file(places_.file.parent_path() / name, places_);
    if (!text) return trouble(value, name, text.error());
    return std::move(*text);
  }

  std::optional<std::string> from_credential(const Node& value, const std::string& name) {
    if (!is_credential_name(name)) {
      section_.complain(value, entry_.key, "must be the name of a credential: one name without a slash");
      return std::nullopt;
    }
    if (!places_.credentials_directory) {
      return unseen(value, "no $CREDENTIALS_DIRECTORY here: the unit needs a LoadCredential= for it");
    }
    auto text = read_credential(*places_.credentials_directory / name);
    if (!text) return trouble(value, name, text.error());
    return std::move(*text);
  }

 private:
  // What only the daemon itself can know.
  std::optional<std::string> unseen(const Node& value, std::string what) {
    if (!places_.offline) {
      section_.complain(value, entry_.key, std::move(what));
      return std::nullopt;
    }
    section_.warn(entry_, "not checked: " + what);
    return std::string();
  }

  std::optional<std::string> trouble(const Node& value, const std::string& name, const FileTrouble& trouble) {
    if (trouble.kind == FileTrouble::Kind::forbidden) return unseen(value, trouble.what);
    if (trouble.kind == FileTrouble::Kind::missing && looks_like_a_secret(name)) {
      section_.complain(value, entry_.key,
                        "names no file, and looks like the secret itself: write that into a file of its own "
                        "and name the file here");
    } else {
      section_.complain(value, entry_.key, trouble.what);
    }
    return std::nullopt;
  }

  Section& section_;
  const Entry& entry_;
  const Places& places_;
};

// The same file whatever directory somebody looks from.
std::string whole_path(const std::filesystem::path& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return (error ? path : absolute).lexically_normal().string();
}

// The values under `entry`: itself, or the items of a list.
std::vector<const Node*> values_of(Section& section, const Entry& entry, std::size_t most) {
  if (most == 1 || entry.value.kind != Kind::list) return {&entry.value};
  const auto* items = section.list_of(entry, "text");
  if (items == nullptr) return {};
  if (items->size() > most) {
    section.complain(entry, "must name at most " + std::to_string(most) + ": the new one, then the old one");
    return {};
  }
  std::vector<const Node*> values;
  for (const auto& item : *items) values.push_back(&item);
  return values;
}

}  // namespace

std::vector<FoundSecret> read_secrets(Section& section, const SecretKeys& keys, const Places& places,
                                      bool required, std::size_t most) {
  const auto* file = section.take(keys.file);
  const auto* credential = keys.credential.empty() ? nullptr : section.take(keys.credential);
  const auto* entry = file != nullptr ? file : credential;
  if (entry == nullptr) {
    if (required) {
      section.complain("needs " + std::string(keys.file) + " or " + std::string(keys.credential));
    }
    return {};
  }
  if (file != nullptr && credential != nullptr) {
    const auto& later = file->at < credential->at ? *credential : *file;
    section.complain_of_key(
        later, "give " + std::string(keys.file) + " or " + std::string(keys.credential) + ", not both");
  }
  std::vector<FoundSecret> found;
  SecretReader reader(section, *entry, places);
  for (const auto* value : values_of(section, *entry, most)) {
    const auto name = section.text_of(*entry, *value);
    if (!name) continue;
    auto text = entry == file ? reader.from_file(*value, *name) : reader.from_credential(*value, *name);
    if (!text) continue;
    SecretSource source{entry != file, *name};
    if (entry == file) source.name = whole_path(places.file.parent_path() / *name);
    found.push_back({entry, value, std::move(*text), std::move(source)});
  }
  return found;
}

tl::expected<Secret, std::string> decode_webhook_secret(std::string_view text) {
  const auto refuse = [](std::string_view why) {
    return tl::unexpected(std::string(why) +
                          "; a secret is whsec_ and the base64 of 24 to 64 random bytes: " +
                          "run: smm-tracker webhooks new-secret");
  };
  if (text.find_first_of("\"'") == 0) return refuse("stands in quotes, which must be left out");
  if (text.substr(0, 3) == "v1,") return refuse("begins with v1, which must be left out");
  if (text.substr(0, 5) == "whsk_" || text.substr(0, 5) == "whpk_") {
    return refuse("is an asymmetric key, which is not supported");
  }
  if (text.substr(0, secret_prefix.size()) != secret_prefix) return refuse("is a text secret without whsec_");
  text.remove_prefix(secret_prefix.size());
  if (text.find_first_of("-_") != std::string_view::npos)
    return refuse("is in the URL-safe base64, not the standard one");
  const auto not_base64 = "is not whole, padded base64 after whsec_";
  std::array<unsigned char, 256> bytes{};
  if (text.empty() || text.size() % 4 != 0) return refuse(not_base64);
  if (text.size() > bytes.size()) return refuse("has more than 64 bytes");
  const auto* input = reinterpret_cast<const unsigned char*>(text.data());
  const int decoded = EVP_DecodeBlock(bytes.data(), input, static_cast<int>(text.size()));
  if (decoded < 0) return refuse(not_base64);
  // The library counts padding as bytes and is lenient about the rest: only what encodes to the very same
  // text was strict.
  const std::size_t padding = text.back() != '=' ? 0 : text[text.size() - 2] != '=' ? 1 : 2;
  const auto size = static_cast<std::size_t>(decoded) - padding;
  std::array<unsigned char, 260> again{};
  const int encoded = EVP_EncodeBlock(again.data(), bytes.data(), static_cast<int>(size));
  if (std::string_view(reinterpret_cast<const char*>(again.data()), static_cast<std::size_t>(encoded)) !=
      text) {
    return refuse(not_base64);
  }
  if (size < least_secret_bytes) return refuse("has fewer than 24 bytes");
  if (size > most_secret_bytes) return refuse("has more than 64 bytes");
  return Secret(std::string(reinterpret_cast<const char*>(bytes.data()), size));
}

}  // namespace smm::config
