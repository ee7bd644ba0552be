#include "purchase_reading.h"

namespace smm::panel::testing::refill_status_reply_test {
namespace {

const std::vector<RefillId> three = refill_ids({"1", "2", "ref_3"});

TEST_CASE("a refill's state is the panel's word and what it names") {
  CHECK(report(R"({"status":"Completed"})") == "Completed = completed");
  CHECK(report(R"({"status":"In progress"})") == "In progress = in_progress");
  CHECK(report(R"({"status":"in_progress"})") == "in_progress = in_progress");
  CHECK(report(R"({"status":"REJECTED"})") == "REJECTED = rejected");
  CHECK(report(R"({"status":"Pending"})") == "Pending = pending");
  CHECK(report(R"({"status":"Cancelled"})") == "Cancelled = canceled");
  CHECK(report(R"({"status":"Error"})") == "Error = error");
  CHECK(report(R"({"status":"Fail"})") == "Fail = error");
  CHECK(report(R"({"status":"Expired"})") == "Expired = expired");
  CHECK(report(R"({"status":"Refilling"})") == "Refilling = ?");
  CHECK(report(R"({"status":3})") == "3 = ?");
  CHECK(report(R"({"status":"Waiting for provider"})") == "Waiting for provider = ?");
}

TEST_CASE("a single state is found in every shape") {
  for (const std::string_view body :
       {R"({"status":"Completed"})", R"({"refill":1,"status":"Completed"})",
        R"([{"refill":1,"status":"Completed"}])", R"([{"status":"Completed"}])",
        R"({"status":"success","data":{"status":"Completed"}})", R"({"1":{"status":"Completed"}})",
        R"({"1":"Completed"})", R"({"refill":{"id":1,"status":"Completed"}})",
        R"({"status":{"status":"Completed"}})", R"({"status":"success","refill_status":"Completed"})"}) {
    CAPTURE(body);
    CHECK(report(body) == "Completed = completed");
  }
}

TEST_CASE("a batch of refills, as an array or keyed by id, nested or flat") {
  CHECK(reports(R"([{"refill":1,"status":"Completed"},{"refill":2,"status":"Rejected"},
                    {"refill":"ref_3","status":{"error":"Refill not found"}}])",
                three) == "Completed = completed | Rejected = rejected | no said-no: Refill not found");
  CHECK(reports(R"([{"refill":"2","error":"Refill not found"},{"refill":1,"status":"Refill not found"}])",
                three) == "no said-no: Refill not found | no said-no: Refill not found | -");
  CHECK(reports(R"({"1":{"status":"Pending"},"2":"Refill not found","ref_3":"Completed"})", three) ==
        "Pending = pending | no said-no: Refill not found | Completed = completed");
  CHECK(reports(R"({"data":[{"refill":2,"status":"Completed"}]})", three) == "- | Completed = completed | -");
  CHECK(reports(R"({"status":{"1":"Completed"}})", three) == "Completed = completed | - | -");
  CHECK(reports(R"([{"refill":99,"status":"Completed"}])", three) == "- | - | -");
  CHECK(reports(R"([{"refill":1,"status":null},{"refill":2,"status":""}])", three) == "- | - | -");
  CHECK(reports("[]", three) == "- | - | -");
  CHECK(reports(R"([{"refill":1,"status":"Done"}])", three) == "Done = ? | - | -");
}

TEST_CASE("Error beside a refill's id is its state, and with words an error that explains itself") {
  CHECK(reports(R"([{"refill":1,"status":"Error"}])", three) == "Error = error | - | -");
  CHECK(report(R"({"status":"error","message":"Refill not found"})") == "no said-no: Refill not found");
}

TEST_CASE("a refill the panel does not know is refused by name") {
  for (const std::string_view body :
       {R"({"error":"Refill not found"})", R"({"status":{"error":"Refill not found"}})",
        R"({"status":"Refill not found"})", R"("Refill not found")", R"({"message":"Refill not found"})"}) {
    CAPTURE(body);
    const auto said = read_refill_status({200, body}, RefillId("1"), context());
    REQUIRE(said);
    REQUIRE(std::holds_alternative<Refused>(*said));
    CHECK(std::get<Refused>(*said).unknown_id);
    CHECK(std::get<Refused>(*said).words == "Refill not found");
  }
}

TEST_CASE("trouble of the panel is no word about a refill") {
  CHECK(report(R"({"error":"Invalid API key"})") == "doubt key-rejected");
  CHECK(report(R"({"error":"Rate limit exceeded"})") == "doubt rate-limited");
  CHECK(report(R"({"error":"Refill table is locked"})", "1", 500) == "doubt said-no");
  CHECK(reports(R"({"error":"Rate limit exceeded"})", three) == "doubt rate-limited");
  CHECK(reports(R"({"error":"Maintenance"})", three) == "doubt said-no");
  CHECK(reports(R"({"error":"Refill not found"})", three) == "doubt batch-refused");
  CHECK(reports(R"({"error":"Order not found.","status":"104"})", three) == "doubt batch-refused");
  CHECK(reports(R"({"status":"Completed"})", three) == "doubt batch-refused");
  CHECK(report("") == "doubt empty");
  CHECK(report("null") == "doubt wrong-shape");
  CHECK(report(R"({"status":"success"})") == "doubt wrong-shape");
  CHECK(report("<html></html>") == "doubt not-json");
}

TEST_CASE("a state said twice differently is malformed, of another refill it is nothing") {
  CHECK(reports(R"([{"refill":1,"status":"Completed"},{"refill":1,"status":"Rejected"}])", three) ==
        "doubt malformed");
  CHECK(reports(R"([{"refill":1,"status":"Completed"},{"refill":1,"status":"Completed"}])", three) ==
        "Completed = completed | - | -");
  CHECK(report(R"({"status":"Completed","status":"Rejected"})") == "doubt malformed");
  CHECK(report(R"({"refill":7,"status":"Completed"})") == "-");
}

}  // namespace
}  // namespace smm::panel::testing::refill_status_reply_test
