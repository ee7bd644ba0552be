# cmake -DOUTPUT=schema.cc -DFILES="0001_a.sql;0002_b.sql" -P embed_schema.cmake
# Writes the schema files, in order, as the migrations of the store.
set(number 0)
set(body "")
foreach(file IN LISTS FILES)
  math(EXPR number "${number} + 1")
  get_filename_component(name ${file} NAME)
  if(NOT name MATCHES "^0*${number}_[a-z0-9_]+\\.sql$" OR NOT name MATCHES "^[0-9][0-9][0-9][0-9]_")
    message(FATAL_ERROR "${name} should be migration ${number}: the files are numbered without a gap from 0001")
  endif()
  file(READ ${file} sql)
  if(sql MATCHES "\\)sql\"")
    message(FATAL_ERROR "${name} must not contain )sql\"")
  endif()
  string(APPEND body "      // ${name}\n      R\"sql(${sql})sql\",\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from schema/ by daemon/store/embed_schema.cmake.
#include \"store/store.h\"

namespace smm::store {

std::vector<std::string_view> migrations() {
  return {
${body}  };
}

}  // namespace smm::store
")
