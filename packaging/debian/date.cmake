# Read by cpack before it begins: the same input gives the same package, dated as its changelog is.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND dpkg-parsechangelog -l ${CPACK_SMM_DEBIAN}/changelog -S Timestamp
                  OUTPUT_VARIABLE timestamp OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "dpkg-parsechangelog cannot date the package; packaging/install-build-deps installs it")
  endif()
  set(ENV{SOURCE_DATE_EPOCH} ${timestamp})
endif()
