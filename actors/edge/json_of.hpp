// The domains' answers as JSON. Orders are appended by hand because they are many; the rest is made by the library.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "messages/letter.hpp"

namespace souk::edge {

using json = nlohmann::ordered_json;

json json_of(const user::view& one);
json json_of(const wallet::view& one, const std::string& currency);
json json_of(const wallet::entry& one);
json json_of(const product::view& one, const std::string& currency);
json json_of(const coupon::discount& one);
json json_of(const coupon::campaign& one);
json json_of(const coupon::view& one);
json json_of(const payment::view& one, const std::string& currency);
json json_of(const platform::trouble& one);
json json_of(const event_log::status& one);
std::string name_of(const event_log::party& who);  // wallet/0
json json_of(const ranking::seller& one);
json json_of(const ranking::full_house& one);
json json_of(const concert::date& one);
json json_of(const concert::view& one);
json json_of(const reservation::seen& one, const std::string& currency);
json json_of(const reservation::view& one, const std::string& currency);
json json_of(const queue::view& one);
json json_of(const order::audit_line& one);
// A saga as lists show it; how old it is, or became.
json json_of_saga(const order::view& one, moment now);

// {"data": [...], "has_more": ...}
// Silent: shards whose part is missing in it.
json json_of_list(json&& data, bool more, const std::vector<std::string>& silent = {});
// There is more if `next` is any, below it.
json json_of_list(json&& data, number next, const std::vector<std::string>& silent);
// Never throws for the text in it: broken UTF-8 shows as U+FFFD.
std::string dumped(const json& what);

void append(std::string& out, std::initializer_list<std::string_view> parts);
// [{"product":...,"quantity":...,"amount":...},...]
void append_lines(std::string& out, const std::vector<product::line>& lines);
// {"schedule":...,"id":...,"reservation":...,"price":...}
void append_seat(std::string& out, const order::seat_sale& one);
void append_order(std::string& out, const order::view& one, const std::string& currency);
// A step of a saga; the plan of the flow knows its name.
void append_happening(std::string& out, const order::view& of, const order::happening& one);
// Why an operator repaired it, and who it was, is for operators.
std::string timeline_of(const order::view& one, bool for_operators = true);

std::string_view to_text(order::state what);  // PENDING, COMPLETED, FAILED, CANCELLED
std::string_view to_text(order::saga_state what);
std::string_view to_text(order::mark what);
std::string_view to_text(order::flow what);
std::optional<order::state> parse_order_state(std::string_view text);
std::optional<order::saga_state> parse_saga_state(std::string_view text);
std::optional<reason> parse_reason(std::string_view text);

}  // namespace souk::edge
