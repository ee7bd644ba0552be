#include "config/secrets.h"

#include "workshop.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace smm::config::secrets_test {
namespace {

constexpr std::string_view good_secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

std::string p1(std::string_view more) {
  return std::string(panel_p1).append(more);
}

// What is said of keys/p1 with this content, without its place and name.
std::string said_of_key(Workshop& workshop, std::string_view content) {
  workshop.write("keys/p1", content);
  const auto all = workshop.complaints(panel_p1);
  if (all.empty()) return "";
  REQUIRE(all.size() == 1);
  const auto begin = "3:12: panel.p1.key_file: " + workshop.path("keys/p1").string() + ": ";
  REQUIRE(all[0].substr(0, begin.size()) == begin);
  return all[0].substr(begin.size());
}

std::string said_of_mode(Workshop& workshop, unsigned mode) {
  REQUIRE(::chmod(workshop.path("keys/p1").c_str(), mode) == 0);
  const auto all = workshop.complaints(panel_p1);
  if (all.empty()) return "";
  const auto begin = "3:12: panel.p1.key_file: " + workshop.path("keys/p1").string() + ": ";
  return all.at(0).substr(begin.size());
}

TEST_CASE("a key file open to others is refused, with the chmod that mends it") {
  Workshop workshop;
  const auto file = workshop.path("keys/p1").string();
  CHECK(said_of_mode(workshop, 0644) == "others can read it (mode 0644); run: chmod 640 " + file);
  CHECK(said_of_mode(workshop, 0604) == "others can read it (mode 0604); run: chmod 600 " + file);
  CHECK(said_of_mode(workshop, 0602) == "others can write it (mode 0602); run: chmod 600 " + file);
  CHECK(said_of_mode(workshop, 0666) == "others can read and write it (mode 0666); run: chmod 640 " + file);
  CHECK(said_of_mode(workshop, 0777) == "others can read and write it (mode 0777); run: chmod 640 " + file);
  CHECK(said_of_mode(workshop, 0640) == "");
  CHECK(said_of_mode(workshop, 0660) == "");
  CHECK(said_of_mode(workshop, 0600) == "");
  CHECK(said_of_mode(workshop, 0400) == "");
  CHECK(said_of_mode(workshop, 0701) == "");
}

TEST_CASE("a key file open to a group that is not the daemon's is refused") {
  Workshop workshop;
  const auto file = workshop.path("keys/p1").string();
  const auto* entry = ::getgrgid(::getegid());
  const auto group = entry != nullptr ? std::string(entry->gr_name) : std::to_string(::getegid());
  workshop.places.group = ::getegid() + 1;
  CHECK(said_of_mode(workshop, 0600) == "");
  CHECK(said_of_mode(workshop, 0640) ==
        "group " + group + " can read it (mode 0640); run: chmod 600 " + file);
  CHECK(said_of_mode(workshop, 0620) ==
        "group " + group + " can write it (mode 0620); run: chmod 600 " + file);
  CHECK(said_of_mode(workshop, 0644) == "others can read it (mode 0644); run: chmod 600 " + file);
  workshop.places.group.reset();
  CHECK(said_of_mode(workshop, 0640) == "");
  CHECK(said_of_mode(workshop, 0644) == "others can read it (mode 0644); run: chmod 640 " + file);
}

TEST_CASE("what root may read and the daemon may not is refused, with what lets the daemon in") {
  if (::geteuid() != 0) {
    MESSAGE("left out: only root can give files away");
    return;
  }
  Workshop workshop;
  workshop.places.user = 65534;
  workshop.places.group = 65534;
  const auto keys = workshop.path("keys");
  const auto file = (keys / "p1").string();
  const auto* entry = ::getgrgid(65534);
  const auto chgrp = "chgrp " + (entry != nullptr ? std::string(entry->gr_name) : std::string("65534")) + " ";
  REQUIRE(::chown(keys.c_str(), 0, 65534) == 0);
  REQUIRE(::chmod(keys.c_str(), 0750) == 0);
  CHECK(said_of_mode(workshop, 0600) ==
        "the daemon may not read it (mode 0600); run: " + chgrp + file + " && chmod 640 " + file);
  CHECK(said_of_mode(workshop, 0640) ==
        "group root can read it (mode 0640); run: " + chgrp + file + " && chmod 640 " + file);
  REQUIRE(::chown(file.c_str(), 0, 65534) == 0);
  CHECK(said_of_mode(workshop, 0640) == "");
  CHECK(said_of_mode(workshop, 0600) ==
        "the daemon may not read it (mode 0600); run: " + chgrp + file + " && chmod 640 " + file);
  REQUIRE(::chown(file.c_str(), 65534, 65534) == 0);
  CHECK(said_of_mode(workshop, 0400) == "");
  CHECK(said_of_mode(workshop, 0604) == "others can read it (mode 0604); run: chmod 600 " + file);
  REQUIRE(::chmod(keys.c_str(), 0700) == 0);
  CHECK(said_of_mode(workshop, 0600) == "the daemon may not look into " + keys.string() +
                                            " (mode 0700); run: " + chgrp + keys.string() + " && chmod 750 " +
                                            keys.string());
}

TEST_CASE("the chmod that is advised mends it") {
  Workshop workshop;
  workshop.write("keys/it's mine", "0123456789abcdef", 0646);
  const auto complaint =
      workshop.complaint("[panel.p1]\nurl = \"http://a\"\nkey_file = \"keys/it's mine\"\n");
  const auto command = complaint.substr(complaint.find("chmod "));
  // NOLINTNEXTLINE(bugprone-command-processor,cert-env33-c): what the user would do with it
  REQUIRE(std::system(command.c_str()) == 0);
  CHECK(workshop.complaints("[panel.p1]\nurl = \"http://a\"\nkey_file = \"keys/it's mine\"\n").empty());
}

TEST_CASE("a key is one line of printable characters, without the white space around it") {
  Workshop workshop;
  workshop.write("keys/p1", "\r\n\t key with space \r\n\n");
  CHECK(workshop.policy(panel_p1).panels.at(0).key.reveal() == "key with space");
  CHECK(said_of_key(workshop, "") == "is empty");
  CHECK(said_of_key(workshop, " \n\t\n") == "is empty");
  CHECK(said_of_key(workshop, "one\ntwo\n") == "has more than one line");
  CHECK(said_of_key(workshop, "a\tb") == "has a character that is not printable ASCII");
  CHECK(said_of_key(workshop,
                    "\xef\xbb\xbf"
                    "abc") == "has a character that is not printable ASCII");
  CHECK(said_of_key(workshop, std::string("a\0b", 3)) == "has a character that is not printable ASCII");
  CHECK(said_of_key(workshop, std::string(4096, 'k')) == "");
  CHECK(said_of_key(workshop, std::string(4097, 'k')) == "is larger than 4 KiB");
}

TEST_CASE("a key file must be there and be a file") {
  Workshop workshop;
  std::filesystem::remove(workshop.path("keys/p1"));
  const auto begin = "3:12: panel.p1.key_file: " + workshop.path("keys/p1").string();
  CHECK(workshop.complaint(panel_p1) == begin + ": cannot be read: No such file or directory");
  std::filesystem::create_directory(workshop.path("keys/p1"));
  CHECK(workshop.complaint(panel_p1) == begin + ": is not a regular file");
  std::filesystem::remove(workshop.path("keys/p1"));
  REQUIRE(::mkfifo(workshop.path("keys/p1").c_str(), 0600) == 0);
  CHECK(workshop.complaint(panel_p1) == begin + ": is not a regular file");
  std::filesystem::remove(workshop.path("keys/p1"));
  workshop.write("elsewhere", "linked", 0600);
  std::filesystem::create_symlink("../elsewhere", workshop.path("keys/p1"));
  CHECK(workshop.policy(panel_p1).panels.at(0).key.reveal() == "linked");
}

TEST_CASE("an absolute key path stands for itself") {
  Workshop workshop;
  workshop.write("far/away", "distant");
  const auto text =
      "[panel.p1]\nurl = \"http://a\"\nkey_file = \"" + workshop.path("far/away").string() + "\"\n";
  CHECK(workshop.policy(text).panels.at(0).key.reveal() == "distant");
}

TEST_CASE("a key the daemon may not read is refused with the way to let it") {
  Workshop workshop;
  workshop.write("smm.toml", panel_p1, 0644);
  REQUIRE(::chmod(workshop.path("keys/p1").c_str(), 0000) == 0);
  workshop.places.group = 65534;
  const auto file = workshop.path("keys/p1").string();
  const auto said = as_nobody([&] {
    const auto loaded = load(workshop.places);
    return loaded ? "loaded" : loaded.error().at(0).what;
  });
  const auto* entry = ::getgrgid(65534);
  const auto group = entry != nullptr ? std::string(entry->gr_name) : std::string("65534");
  CHECK(said == file + ": cannot be read: Permission denied; run: chgrp " + group + " " + file +
                    " && chmod 640 " + file);
}

TEST_CASE("a secret an offline check may not see is a warning, a fault it can see a complaint") {
  Workshop workshop;
  workshop.write("smm.toml", p1("compat_token_file = \"keys/token\"\n"), 0644);
  workshop.write("keys/token", "abcdefghijklmnopqrstuvwx", 0000);
  REQUIRE(::chmod(workshop.path("keys/p1").c_str(), 0000) == 0);
  workshop.places.offline = true;
  workshop.places.group.reset();
  const auto check = [&] {
    std::vector<Complaint> warnings;
    const auto loaded = load(workshop.places, &warnings);
    std::string text;
    if (!loaded) {
      for (const auto& complaint : loaded.error()) text += to_text(complaint) + "\n";
    }
    for (const auto& warning : warnings) text += "warning: " + to_text(warning) + "\n";
    return text;
  };
  const auto place = workshop.places.file.string();
  const auto keys = workshop.path("keys").string();
  CHECK(as_nobody(check) == "warning: " + place + ":3:12: panel.p1.key_file: not checked: " + keys +
                                "/p1: cannot be read: Permission denied\n" + "warning: " + place +
                                ":4:21: panel.p1.compat_token_file: not checked: " + keys +
                                "/token: cannot be read: Permission denied\n");
  std::filesystem::remove(workshop.path("keys/token"));
  REQUIRE(::chmod(workshop.path("keys/p1").c_str(), 0002) == 0);
  CHECK(as_nobody(check) == place + ":3:12: panel.p1.key_file: " + keys +
                                "/p1: others can write it (mode 0002); run: chmod 600 " + keys + "/p1\n" +
                                place + ":4:21: panel.p1.compat_token_file: " + keys +
                                "/token: cannot be read: No such file or directory\n");
}

TEST_CASE("a key comes from a file or from a credential, not both and not neither") {
  Workshop workshop;
  workshop.write("credentials/p1", "from systemd\n", 0444);
  workshop.places.credentials_directory = workshop.path("credentials");
  const std::string head = "[panel.p1]\nurl = \"http://a\"\n";
  CHECK(workshop.policy(head + "key_credential = \"p1\"\n").panels.at(0).key.reveal() == "from systemd");
  CHECK(workshop.complaint(head) == "1:8: panel.p1: needs key_file or key_credential");
  CHECK(workshop.complaint(head + "key_credential = \"p1\"\nkey_file = \"keys/p1\"\n") ==
        "4:1: panel.p1.key_file: give key_file or key_credential, not both");
  CHECK(workshop.complaint(head + "key_credential = \"p2\"\n") ==
        "3:18: panel.p1.key_credential: " + workshop.path("credentials/p2").string() +
            ": cannot be read: No such file or directory");
  const auto said_of = [&](const std::string& name) {
    return workshop.complaint(head + "key_credential = \"" + name + "\"\n");
  };
  for (const char* bad : {"../keys/p1", "a/b", "..", "."}) {
    CHECK(said_of(bad) ==
          "3:18: panel.p1.key_credential: must be the name of a credential: one name without a slash");
  }
}

TEST_CASE("a credential without a credentials directory is a complaint for the daemon, a warning offline") {
  Workshop workshop;
  const std::string text = "[panel.p1]\nurl = \"http://a\"\nkey_credential = \"p1\"\n";
  CHECK(workshop.complaint(text) ==
        "3:18: panel.p1.key_credential: no $CREDENTIALS_DIRECTORY here: the unit "
        "needs a LoadCredential= for it");
  workshop.places.offline = true;
  CHECK(workshop.policy(text).panels.at(0).key.empty());
  CHECK(workshop.warnings.size() == 1);
}

TEST_CASE("a compat token is long and nobody else's") {
  Workshop workshop;
  const auto said = [&](std::string_view token) {
    workshop.write("keys/token", token);
    return workshop.complaint(
        p1("compat_token_file = \"keys/token\"\n[panel.p2]\nurl = \"http://a\"\n"
           "key_file = \"keys/p2\"\ncompat_token_file = \"keys/p2.token\"\n"));
  };
  workshop.write("keys/p2", "the-second-panels-own-key-is-long");
  workshop.write("keys/p2.token", "the-second-panels-compat-token");
  CHECK(said("only-twenty-three-chars") ==
        "4:21: panel.p1.compat_token_file: holds a token of fewer than 24 characters");
  CHECK(said("the-second-panels-own-key-is-long") ==
        "4:21: panel.p1.compat_token_file: holds the same as the key of panel.p2");
  workshop.write("keys/p1", "the-first-panels-own-key-is-long");
  CHECK(said("the-first-panels-own-key-is-long") ==
        "4:21: panel.p1.compat_token_file: holds the same as the key of panel.p1");
  workshop.write("keys/token", "the-second-panels-compat-token");
  const auto both =
      workshop.complaints(p1("compat_token_file = \"keys/token\"\n[panel.p2]\nurl = \"http://a\"\n"
                             "key_file = \"keys/p2\"\ncompat_token_file = \"keys/p2.token\"\n"));
  CHECK(both == std::vector<std::string>{
                    "4:21: panel.p1.compat_token_file: holds the same as the compat_token of panel.p2",
                    "8:21: panel.p2.compat_token_file: holds the same as the compat_token of panel.p1"});
}

TEST_CASE("no complaint repeats a secret, wherever it was put by mistake") {
  Workshop workshop;
  const std::string secret = "f00dfacef00dfacef00dface";
  const std::string webhook = "[webhook.w]\nurl = \"https://a\"\n";
  workshop.write("key", secret + "\x01");
  workshop.write("whsec", "whsec_" + secret);
  workshop.write("plain", secret);
  workshop.write("open", secret, 0644);
  const std::string panel = "[panel.p1]\nurl = \"https://a\"\n";
  const std::vector<std::string> texts = {
      panel + "key_file = \"key\"\n",
      panel + "key_file = \"open\"\n",
      panel + "key_file = \"" + secret + "\"\n",
      panel + "key_file = \"" + secret + std::string(300, 'x') + "\"\n",
      panel + "key_file = \"" + secret + "/x==\"\n",
      panel + "key_credential = \"" + secret + "/\"\n",
      panel + "key = \"" + secret + "\"\n",
      panel + "kee = \"" + secret + "\"\n",
      panel + "key_file = " + secret + "\n",
      panel + "key_file = 1" + secret + "\n",
      panel + "key_file = \"" + secret + "\n",
      "[panel.p1]\nurl = \"https://u:" + secret + " @a\"\nkey_file = \"keys/p1\"\n",
      "[panel.p1]\nurl = \"u:" + secret + "@a\"\nkey_file = \"keys/p1\"\n",
      p1("proxy = \"http://u:" + secret + "@a/path\"\n"),
      webhook + "secret_file = \"whsec\"\n",
      webhook + "secret_file = \"plain\"\n",
      webhook + "secret_file = \"whsec_" + secret + "\"\n",
      webhook + "secret = \"whsec_" + secret + "\"\n",
      "[webhook.w]\nurl = \"http://a/" + secret + "\"\nsecret_file = \"keys/p1\"\n",
      webhook + "secret_file = \"keys/p1\"\nheaders = { Host = \"" + secret + "\" }\n",
      webhook + "secret_file = \"keys/p1\"\nheaders = { Authorization = \"" + secret + " \" }\n",
      webhook + "secret_file = \"keys/p1\"\nheaders = { X = 99999999999999999999" + secret.substr(1, 2) +
          " }\n",
  };
  for (const auto& text : texts) {
    CAPTURE(text);
    const auto complaints = workshop.complaints(text);
    CHECK_FALSE(complaints.empty());
    for (const auto& complaint : complaints) {
      CAPTURE(complaint);
      CHECK(complaint.find("f00dface") == std::string::npos);
      CHECK(complaint.find("999999") == std::string::npos);
    }
  }
}

TEST_CASE("a webhook secret is whsec_ and strict base64 of 24 to 64 bytes") {
  const auto decoded = decode_webhook_secret(good_secret);
  REQUIRE(decoded.has_value());
  CHECK(decoded->reveal() == "012345678901234567890123");
  // The example of the Standard Webhooks specification.
  CHECK(decode_webhook_secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").has_value());
  // 25 and 26 bytes need padding, 64 are the most.
  CHECK(decode_webhook_secret("whsec_" + std::string(32, 'A') + "AA==")->reveal() == std::string(25, '\0'));
  CHECK(decode_webhook_secret("whsec_" + std::string(32, 'A') + "AAA=")->reveal() == std::string(26, '\0'));
  CHECK(decode_webhook_secret("whsec_" + std::string(84, 'A') + "AA==")->reveal().size() == 64);
}

TEST_CASE("a webhook secret that is not quite one is refused with the reason") {
  const auto reason = [](const std::string& text) {
    const auto decoded = decode_webhook_secret(text);
    REQUIRE_FALSE(decoded.has_value());
    return decoded.error().substr(0, decoded.error().find(';'));
  };
  const std::string a32(32, 'A');
  CHECK(reason("correct horse battery staple") == "is a text secret without whsec_");
  CHECK(reason("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz") == "is a text secret without whsec_");
  CHECK(reason("WHSEC_" + a32) == "is a text secret without whsec_");
  CHECK(reason("v1,whsec_" + a32) == "begins with v1, which must be left out");
  CHECK(reason("v1,whsk_" + a32) == "begins with v1, which must be left out");
  CHECK(reason("whsk_" + a32) == "is an asymmetric key, which is not supported");
  CHECK(reason("whpk_" + a32) == "is an asymmetric key, which is not supported");
  CHECK(reason("\"whsec_" + a32 + "\"") == "stands in quotes, which must be left out");
  CHECK(reason("whsec_" + a32 + "-_AA") == "is in the URL-safe base64, not the standard one");
  for (const std::string bad :
       {"", "A", "AAAA====", "AA==AA==", "AA=A", "A A=", "AAAA\nAAA", "====", "AA", "AA!="}) {
    CAPTURE(bad);
    CHECK(reason("whsec_" + a32 + (bad.empty() ? "=" : bad)) == "is not whole, padded base64 after whsec_");
  }
  CHECK(reason("whsec_") == "is not whole, padded base64 after whsec_");
  CHECK(reason("whsec_ " + a32 + "AAA") == "is not whole, padded base64 after whsec_");
  // Bits no byte carries: another spelling of the same bytes.
  CHECK(reason("whsec_" + a32 + "AB==") == "is not whole, padded base64 after whsec_");
  CHECK(reason("whsec_" + std::string(28, 'A') + "AAA=") == "has fewer than 24 bytes");  // 23
  CHECK(reason("whsec_AA==") == "has fewer than 24 bytes");
  CHECK(reason("whsec_" + std::string(84, 'A') + "AAA=") == "has more than 64 bytes");  // 65
  CHECK(reason("whsec_" + std::string(1000, 'A')) == "has more than 64 bytes");
  // Each says what a right one is and what makes one, and nothing of what it holds.
  const auto whole = decode_webhook_secret("whsec_f00dface").error();
  CHECK(whole.find("whsec_ and the base64 of 24 to 64 random bytes") != std::string::npos);
  CHECK(whole.find("smm-tracker webhooks new-secret") != std::string::npos);
  CHECK(whole.find("f00dface") == std::string::npos);
}

}  // namespace
}  // namespace smm::config::secrets_test
