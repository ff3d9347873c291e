// Makes the description from the table of routes, so that none is forgotten.
#include "actors/edge/openapi.hpp"

#include <sstream>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"

namespace souk::edge {

namespace {

json schema_ref(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string{name}}}; }

json content_of(std::string_view type, json schema) { return {{std::string{type}, {{"schema", std::move(schema)}}}}; }

json parameter_of(const std::string& name, std::string_view of) {
  json schema;
  if (name == "limit")
    schema = {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}};
  else if (name == "overdue")
    schema = {{"type", "boolean"}};
  else if (name == "by")
    schema = {{"type", "string"}, {"enum", {"units", "net"}}};
  else if (name == "state" && of == "/v1/orders")
    schema = {{"type", "string"}, {"enum", {"PENDING", "COMPLETED", "FAILED", "CANCELLED"}}};
  else
    schema = {{"type", "string"}};
  return {{"name", name}, {"in", "query"}, {"required", false}, {"schema", std::move(schema)}};
}

json operation_of(const route& one) {
  auto parameters = json::array();
  std::string_view rest = one.pattern;
  for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    parameters.push_back({{"name", std::string{rest.substr(open + 1, close - open - 1)}},
                          {"in", "path"},
                          {"required", true},
                          {"schema", schema_ref("Id")}});
    rest.remove_prefix(close + 1);
  }
  std::istringstream names{std::string{one.parameters}};
  for (std::string name; names >> name;) parameters.push_back(parameter_of(name, one.pattern));
  if (one.key == key_rule::required) parameters.push_back({{"$ref", "#/components/parameters/IdempotencyKey"}});
  if (one.answers.find("202:") != one.answers.npos) parameters.push_back({{"$ref", "#/components/parameters/Prefer"}});
  json operation;
  operation["summary"] = one.summary;
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!one.body.empty())
    operation["requestBody"] = {{"required", true}, {"content", content_of("application/json", schema_ref(one.body))}};
  json responses = json::object();
  std::istringstream answers{std::string{one.answers}};
  for (std::string word; answers >> word;) {
    const auto colon = word.find(':');
    const auto status = word.substr(0, colon);
    responses[status]["description"] = status == "202" ? "Under way" : status == "201" ? "Made" : "Done";
    if (colon != word.npos)
      responses[status]["content"] = content_of("application/json", schema_ref(word.substr(colon + 1)));
  }
  // Where nobody has a key, nobody needs one.
  if (one.guard.needs_key()) {
    operation["security"] = {{{"key", json::array()}}};
    auto roles = json::array();
    for (std::size_t r = 0; r < role_names.size(); ++r)
      if (one.guard.lets_in(static_cast<role>(r))) roles.push_back(role_names[r]);
    operation["x-roles"] = std::move(roles);
  } else {
    operation["security"] = json::array();
  }
  responses["default"] = {{"$ref", "#/components/responses/Problem"}};
  operation["responses"] = std::move(responses);
  return operation;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

}  // namespace

std::string openapi_text() {
  json paths = json::object();
  for (const auto& one : all_routes()) paths[std::string{one.pattern}][lower(one.method)] = operation_of(one);
  json key{{"name", "Idempotency-Key"},
           {"in", "header"},
           {"required", true},
           {"description", "The same key with the same body gets the first answer again"},
           {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}}};
  json prefer{{"name", "Prefer"},
              {"in", "header"},
              {"required", false},
              {"description", "wait=SECONDS: how long to wait for the end; respond-async: not at all"},
              {"schema", {{"type", "string"}}}};
  json problem_response{{"description", "What went wrong (RFC 9457)"},
                        {"content", content_of("application/problem+json", schema_ref("Problem"))}};
  json all;
  all["openapi"] = "3.1.0";
  all["info"] = {{"title", "souk"},
                 {"version", "1"},
                 {"description", "Orders that never stop half way. Money is in minor units."}};
  all["paths"] = std::move(paths);
  all["components"]["schemas"] = json::parse(openapi_schemas);
  all["components"]["parameters"] = {{"IdempotencyKey", std::move(key)}, {"Prefer", std::move(prefer)}};
  all["components"]["securitySchemes"]["key"] = {
      {"type", "http"}, {"scheme", "bearer"}, {"description", "souk_..., as `souk keys add` prints it"}};
  all["components"]["responses"]["Problem"] = std::move(problem_response);
  return all.dump(1);
}

}  // namespace souk::edge
