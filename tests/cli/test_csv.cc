#include "cli/csv.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace smm::test::csv {
namespace {

using cli::CsvReader;
using cli::CsvRecord;

// The records of `text`, given in pieces of `piece` bytes: "LINE: [field][field]", or "LINE! complaint".
std::vector<std::string> read(const std::string& text, std::size_t piece = 1, char separator = ',') {
  std::vector<std::string> records;
  CsvReader reader(
      [&](CsvRecord&& record) {
        auto shown =
            std::to_string(record.line) + (record.complaint.empty() ? ": " : "! " + record.complaint);
        if (record.complaint.empty()) {
          for (const auto& field : record.fields) shown += "[" + field + "]";
        }
        records.push_back(shown);
      },
      separator);
  for (std::size_t at = 0; at < text.size(); at += piece)
    reader.feed(std::string_view(text).substr(at, piece));
  reader.finish();
  return records;
}

using Records = std::vector<std::string>;

}  // namespace

TEST_CASE("CSV of RFC 4180 is read whatever the pieces it comes in") {
  const std::string text =
      "a,b,c\r\n"
      "\"one, two\",\"say \"\"hi\"\"\",\r\n"
      "\r\n"
      "\"two\r\nlines\",x,\"\"\n"
      ",,\n"
      "end, of it ,é";
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) {
    CAPTURE(piece);
    CHECK(read(text, piece) == Records{"1: [a][b][c]", "2: [one, two][say \"hi\"][]",
                                       "4: [two\r\nlines][x][]", "6: [][][]", "7: [end][ of it ][é]"});
  }
}

TEST_CASE("CSV may be separated by another character") {
  CHECK(read("a;\"b;c\";d,e\n", 2, ';') == Records{"1: [a][b;c][d,e]"});
}

TEST_CASE("a broken line of CSV is complained of and the next one is read") {
  CHECK(read("a\"b,c\nd\n", 3) ==
        Records{"1! a quote stands within a field that does not begin with one", "2: [d]"});
  CHECK(
      read("\"a\"b,c\nd") ==
      Records{"1! after a closing quote comes more text; a quote within quotes is written twice", "2: [d]"});
}

TEST_CASE("a quote that nobody closes costs its own line and not those behind it") {
  CHECK(read("a,b\n1,\"open\n2,x\n3,y\n", 4) ==
        Records{"1: [a][b]", "2! a quote is opened here and never closed", "3: [2][x]", "4: [3][y]"});
  CHECK(read("1,\"open") == Records{"1! a quote is opened here and never closed"});
}

TEST_CASE("a quote left open costs no line before the next quoted field, however far that is") {
  const std::string text =
      "id,panel,ref\n501,p1,\"shop\n502,p1,x\n503,p1,\"y\"\n504,p1,z\n505,\"two\nlines\",a\"b\n506,,\n";
  const std::string more = "after a closing quote comes more text; a quote within quotes is written twice";
  const std::string stray = "a quote stands within a field that does not begin with one";
  for (const std::size_t piece : {1, 5, 1000}) {
    CAPTURE(piece);
    CHECK(read(text, piece) == Records{"1: [id][panel][ref]", "2! " + more, "3: [502][p1][x]",
                                       "4: [503][p1][y]", "5: [504][p1][z]", "6! " + stray, "7! " + stray,
                                       "8: [506][][]"});
  }
}

TEST_CASE("a quote left open in a long file is noticed after a megabyte, and no line behind it is lost") {
  std::string text = "1,\"open\n";
  constexpr int lines = 3000;
  const auto long_field = std::string(400, 'y');
  for (int i = 0; i < lines; ++i) text += "2," + long_field + "\n";
  const auto records = read(text, 65536);
  REQUIRE(records.size() == lines + 1);
  CHECK(records.front().find("1! a record of more than 1 MiB") == 0);
  CHECK(records.back() == std::to_string(lines + 1) + ": [2][" + long_field + "]");
}

TEST_CASE("a line without an end is complained of once") {
  const auto records = read("x" + std::string((1 << 20) + 10, 'y') + "\nz\n", 65536);
  REQUIRE(records.size() == 2);
  CHECK(records[1] == "2: [z]");
}

TEST_CASE("what is written as a field of CSV reads as it was") {
  for (const auto* text :
       {"", "plain", "a,b", "say \"hi\"", "two\nlines", "cr\rhere", " led", "trailing ", "a;b", "é"}) {
    CAPTURE(text);
    CHECK(read(cli::csv_field(text) + "," + cli::csv_field(text) + "\n") ==
          Records{"1: [" + std::string(text) + "][" + text + "]"});
  }
  CHECK(cli::csv_field("plain") == "plain");
}

}  // namespace smm::test::csv
