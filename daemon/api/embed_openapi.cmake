cmake_minimum_required(VERSION 3.22)
# cmake -DOUTPUT=openapi.cc -DFILE=openapi.json -DVERSION=0.1.0 -P embed_openapi.cmake
# Writes the description of the API as text for the program, in pieces that every compiler takes.
file(READ ${FILE} text)
if(text MATCHES "\\)json\"")
  message(FATAL_ERROR "${FILE} must not contain )json\"")
endif()
string(REPLACE "\"version\": \"@VERSION@\"" "\"version\": \"${VERSION}\"" filled "${text}")
if(filled STREQUAL text)
  message(FATAL_ERROR "${FILE} must say \"version\": \"@VERSION@\"")
endif()
# Its indentation is for those who edit it.
string(REGEX REPLACE "\n *" "\n" filled "${filled}")
string(LENGTH "${filled}" length)
set(piece 16000)
set(begin 0)
set(body "")
while(begin LESS length)
  string(SUBSTRING "${filled}" ${begin} ${piece} part)
  string(APPEND body "  text += R\"json(${part})json\";\n")
  math(EXPR begin "${begin} + ${piece}")
endwhile()
file(WRITE ${OUTPUT} "// Made from daemon/api/openapi.json by daemon/api/embed_openapi.cmake.
#include \"api/openapi.h\"

namespace smm::api {

std::string openapi_text() {
  std::string text;
${body}  return text;
}

}  // namespace smm::api
")
