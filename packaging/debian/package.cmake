# `cmake --build … --target package` makes BUILD/smm-tracker_VERSION_ARCHITECTURE.deb of what is installed.
set(from ${CMAKE_CURRENT_LIST_DIR})
set(into ${CMAKE_CURRENT_BINARY_DIR}/debian)

# The units the maintainer scripts care for: the service and its sockets run from the installation on, what else can
# be enabled waits for somebody to want it.
set(ENABLED_UNITS smm-tracker-api.socket smm-tracker-ro.socket smm-tracker-compat.socket smm-tracker.service)
set(OPTIONAL_UNITS)
set(ALL_UNITS)
foreach(unit ${units})
  get_filename_component(name ${unit} NAME)
  list(APPEND ALL_UNITS ${name})
  file(STRINGS ${unit} install_section REGEX "^\\[Install\\]")
  if(install_section AND NOT name IN_LIST ENABLED_UNITS)
    list(APPEND OPTIONAL_UNITS ${name})
  endif()
endforeach()
foreach(list ENABLED_UNITS OPTIONAL_UNITS ALL_UNITS)
  list(JOIN ${list} " " ${list})
endforeach()
set(control_files ${from}/conffiles)
foreach(script preinst postinst prerm postrm)
  configure_file(${from}/${script} ${into}/${script} @ONLY FILE_PERMISSIONS
                 OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  list(APPEND control_files ${into}/${script})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME smm-tracker)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "smm-tracker maintainers <smm-tracker@packages.example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "follows every order placed on SMM panels")
set(CPACK_PACKAGE_DESCRIPTION_FILE ${from}/description)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PROJECT_CONFIG_FILE ${from}/date.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${from}/arrange.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The users and the runtime directory are made while the package is configured; TLS is verified with the system's
# certificates.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, prometheus, prometheus-node-exporter")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${control_files})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# For arrange.cmake and date.cmake.
set(CPACK_SMM_DEBIAN ${from})
include(CPack)
