#pragma once

#include <array>
#include <string_view>

// How panels word that they will not refill, sorted by what each comes to.
namespace smm::test::refusals {

// auth
constexpr auto of_key =
    std::to_array<std::string_view>({"Invalid API key", "Incorrect API key", "Account suspended",
                                     "Your account is blocked, refill is not available", "Unauthorized"});
// cooldown
constexpr auto cooldowns =
    std::to_array<std::string_view>({"Refill has already been requested, once every 24 hours",
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
                                     "Refill sudah diminta"});
// too_early
constexpr auto too_early = std::to_array<std::string_view>(
    {"Order is not completed yet", "Order not completed", "The order isn\xE2\x80\x99t completed",
     "Order must be completed first", "Only completed orders can be refilled", "Order is in progress",
     "Please wait until the order is completed", "El pedido no está completado",
     "O pedido ainda não está concluído", "Sipariş henüz tamamlanmadı", "Заказ еще не выполнен",
     "Đơn hàng chưa hoàn thành", "La commande n'est pas terminée"});
// cooldown as well: no for now, without a reason
constexpr auto for_now = std::to_array<std::string_view>(
    {"Please wait", "Try again later", "Refill is not available at the moment", "Refill temporarily disabled",
     "Refill is not available for this order yet", "Por favor espere", "Coba lagi"});
// expired
constexpr auto expired = std::to_array<std::string_view>(
    {"The refill period has expired", "Refill period expired", "Refill time is over", "Guarantee ended",
     "Order is over 30 days old", "Refill limit reached", "Refill limit exceeded", "Warranty has ended",
     "Refill cannot be requested after 30 days: period is over", "La garantía ha expirado",
     "O prazo de garantia expirou", "Garanti süresi doldu", "Срок гарантии истек",
     "Đơn hàng đã hết hạn bảo hành", "La garantie a expiré", "Die Garantie ist abgelaufen"});
// not_offered
constexpr auto not_offered = std::to_array<std::string_view>(
    {"Refill is not available for this service", "No refill for this service", "Refill is disabled",
     "Refill not available", "No refill guarantee", "This service has no guarantee",
     "Refill is disabled for this service", "Service not refillable", "Este servicio no tiene garantía",
     "Serviço sem garantia", "Bu servisin garantisi yok", "Dịch vụ này không bảo hành",
     "Услуга без гарантии"});
// unknown
constexpr auto unknown = std::to_array<std::string_view>(
    {"The moon is in the wrong house", "Refill refused", "Incorrect order ID", "HTTP 500",
     "the panel says no and not why", "Đơn hàng này chưa thể bảo hành", "Order not eligible for refill",
     "Cannot be refilled", "104", "Das geht so nicht"});
// cooldown, until 9 hours and 3 minutes have passed
constexpr auto nine_hours_three_minutes = std::to_array<std::string_view>(
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
     "Coba dalam 9 jam 3 menit"});

}  // namespace smm::test::refusals
