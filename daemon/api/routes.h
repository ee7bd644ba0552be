#pragma once

#include "api/api.h"
#include "api/exchange.h"
#include "api/slice_line.h"
#include "api/wait_room.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

// What is answered where. Each function adds the routes of one resource; the house and the wait room outlive
// the router.
namespace smm::api {

void add_service_routes(Router& router, House& house);  // /, version, health, status, config
void add_order_routes(Router& router, House& house, WaitRoom& waits);
void add_track_routes(Router& router, House& house);  // POST, PATCH and DELETE of orders
void add_panel_routes(Router& router, House& house);
void add_catalogue_routes(Router& router, House& house);  // services and balances
void add_placement_routes(Router& router, House& house);
void add_refill_routes(Router& router, House& house);  // refills and cancels
// Where those who read the event log wait for news, and for their turn to read.
struct EventRooms {
  WaitRoom& waits;
  SliceLine& line;
};
void add_event_routes(Router& router, House& house, EventRooms rooms);
void add_webhook_routes(Router& router, House& house);
void add_backup_routes(Router& router, House& house);
// How many answers were given, by route and status.
using AnswerCounts = std::map<std::pair<std::string, int>, std::int64_t>;
void add_metrics_routes(Router& router, House& house, const AnswerCounts& answers);
class Surgery;
void add_doctor_routes(Router& router, Surgery& surgery);
void add_compat_routes(Router& router, House& house, SliceLine& slices);  // our own /api/v2

}  // namespace smm::api
