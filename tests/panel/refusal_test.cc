#include "panel/refusal.h"

#include <doctest/doctest.h>

#include <string_view>

namespace smm::panel {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("words about key or account are no word about a refill") {
  for (const std::string_view words : {"Invalid API key", "Incorrect API key", "Account suspended",
                                       "Your account is blocked, refill is not available", "Unauthorized"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::auth);
  }
}

TEST_CASE("a refill asked for before, or a stated time, is a cooldown") {
  for (const std::string_view words : {"Refill has already been requested, once every 24 hours",
                                       "Refill already requested",
                                       "Refill is still in progress",
                                       "Refill still in progress for this order",
                                       "Refill can be requested once every 24 hours",
                                       "Order was refilled recently",
                                       "Refill will be available in 9 hours 3 minutes",
                                       "Please wait 2 days",
                                       "wait 2 days",
                                       "A refill request already exists",
                                       "Refill is in progress",
                                       "You have already submitted a refill",
                                       "Your last refill was less than 24 hours ago",
                                       "Daily limit of refills reached",
                                       "You can refill again in 5h",
                                       "Rate limit exceeded",
                                       "Too many requests",
                                       "Refill expired? wait 2 days",
                                       "There is a pending refill for this order",
                                       "El refill ya ha sido solicitado",
                                       "Refill já foi solicitado",
                                       "Recharge déjà demandée, déjà demandé",
                                       "Refill wurde bereits angefordert",
                                       "Refill zaten talep edildi",
                                       "Рефилл уже запрошен",
                                       "Попробуйте снова через 9 часов",
                                       "Vui lòng thử lại sau 9 giờ",
                                       "Refill sudah diminta"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::cooldown);
  }
}

TEST_CASE("an order that is not completed yet is too early") {
  for (const std::string_view words :
       {"Order is not completed yet", "Order not completed", "The order isn\xE2\x80\x99t completed",
        "Order must be completed first", "Only completed orders can be refilled", "Order is in progress",
        "Please wait until the order is completed", "El pedido no está completado",
        "O pedido ainda não está concluído", "Sipariş henüz tamamlanmadı", "Заказ еще не выполнен",
        "Đơn hàng chưa hoàn thành", "La commande n'est pas terminée"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::too_early);
  }
}

TEST_CASE("a no for now only postpones") {
  for (const std::string_view words :
       {"Please wait", "Try again later", "Refill is not available at the moment",
        "Refill temporarily disabled", "Refill is not available for this order yet", "Por favor espere",
        "Coba lagi"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::cooldown);
  }
}

TEST_CASE("a guarantee that is over is expired, and only words that say so are") {
  for (const std::string_view words :
       {"The refill period has expired", "Refill period expired", "Refill time is over", "Guarantee ended",
        "Order is over 30 days old", "Refill limit reached", "Refill limit exceeded", "Warranty has ended",
        "Refill cannot be requested after 30 days: period is over", "La garantía ha expirado",
        "O prazo de garantia expirou", "Garanti süresi doldu", "Срок гарантии истек",
        "Đơn hàng đã hết hạn bảo hành", "La garantie a expiré", "Die Garantie ist abgelaufen"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::expired);
  }
  for (const std::string_view words : {"Current count is over the start count", "Start count is above",
                                       "Your session expired", "Overloaded", "The refill time has passed"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) != RefusalClass::expired);
  }
}

TEST_CASE("a service without a guarantee does not offer refills") {
  for (const std::string_view words :
       {"Refill is not available for this service", "No refill for this service", "Refill is disabled",
        "Refill not available", "No refill guarantee", "This service has no guarantee",
        "Refill is disabled for this service", "Service not refillable", "Este servicio no tiene garantía",
        "Serviço sem garantia", "Bu servisin garantisi yok", "Dịch vụ này không bảo hành",
        "Услуга без гарантии"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::not_offered);
  }
}

TEST_CASE("what nobody understands is unknown and ends nothing") {
  for (const std::string_view words :
       {"", "The moon is in the wrong house", "Refill refused", "Incorrect order ID", "HTTP 500",
        "the panel says no and not why", "Đơn hàng này chưa thể bảo hành", "Order not eligible for refill",
        "Cannot be refilled", "104", "Das geht so nicht"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::unknown);
  }
}

TEST_CASE("a stated waiting time is understood in its many spellings") {
  const auto nine = hours(9) + minutes(3);
  for (const std::string_view words :
       {"Refill will be available in 9 hours 3 minutes",
        "will be available in 9 hours and 3 minutes",
        "Available in 9 hours, 3 minutes.",
        "available in 9h 3m",
        "Try again in 9h3m",
        "in 09:03",
        "Available in: 09:03:00",
        "Please wait 9 hrs 3 mins",
        "9 hours 3 minutes left",
        "9h 3min remaining",
        "Time left: 9 hours 3 minutes",
        "You can request again after 9 hours 3 minutes",
        "Refill is not available yet, it will be in approximately 9 hours 3 minutes",
        "Disponible en 9 horas y 3 minutos",
        "Aguarde 9 horas e 3 minutos",
        "Disponible dans 9 heures et 3 minutes",
        "9 saat 3 dakika sonra tekrar deneyin",
        "Повторите через 9 часов 3 минуты",
        "Thử lại sau 9 giờ 3 phút",
        "Coba dalam 9 jam 3 menit"}) {
    CAPTURE(words);
    CHECK(stated_wait(words) == nine);
  }
  CHECK(stated_wait("wait 2 days") == hours(48));
  CHECK(stated_wait("again in 1d 2h") == hours(26));
  CHECK(stated_wait("in 30 min") == minutes(30));
  CHECK(stated_wait("Available in 1 day, 2 hours, 3 minutes and 4 seconds") ==
        hours(26) + minutes(3) + seconds(4));
  CHECK(stated_wait("Wait another 2 more days") == hours(48));
  CHECK(stated_wait("try again in an hour") == hours(1));
  CHECK(stated_wait("Please wait 1.5 hours") == minutes(90));
  CHECK(stated_wait("available in 45 seconds") == seconds(45));
  CHECK(stated_wait("in 1 week") == hours(168));
  CHECK(stated_wait("espere 2 días") == hours(48));
  CHECK(stated_wait("Подождите 2 дня") == hours(48));
  CHECK(stated_wait("vui lòng chờ 2 ngày") == hours(48));
  CHECK(stated_wait("Refill requested 3 hours ago, next in 21 hours") == hours(21));
}

TEST_CASE("a pace, a guarantee's length, the past and absurd amounts are no waiting time") {
  for (const std::string_view words : {"Refill can be requested once every 24 hours",
                                       "Only once in 24 hours",
                                       "Once a day",
                                       "The refill period of 30 days has expired",
                                       "Refill cannot be requested after 30 days",
                                       "Refill was requested 3 hours ago",
                                       "Refill is available for 30 days",
                                       "Order is over 30 days old",
                                       "Order not completed yet",
                                       "",
                                       "Wait",
                                       "in progress",
                                       "wait 99999999999999 days",
                                       "wait 400 days",
                                       "wait for order 5",
                                       "Order 12:345 in work",
                                       "In 5 orders",
                                       "24 hours after the last refill",
                                       "Available in the first 30 days",
                                       "within 30 days",
                                       "Refills are possible in 30 days from completion"}) {
    CAPTURE(words);
    CHECK_FALSE(stated_wait(words));
  }
}

TEST_CASE("a text of any size and content is sorted without harm") {
  CHECK(sort_refusal(std::string(100'000, 'x')) == RefusalClass::unknown);
  CHECK(sort_refusal(std::string("\0\xFF\xFE 9", 5)) == RefusalClass::unknown);
  CHECK_FALSE(stated_wait(std::string(100'000, '9')));
  CHECK_FALSE(stated_wait("in 9:9:9:9 ::: 1:"));
}

}  // namespace
}  // namespace smm::panel
