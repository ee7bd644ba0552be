# Run by cpack on what is installed in its staging directory, before that becomes the package: the parts that are
# where they are, or as they are, because Debian says so.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(doc ${root}/usr/share/doc/smm-tracker)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(COPY ${doc}/examples/smm-tracker.toml DESTINATION ${root}/etc/smm-tracker)
file(COPY ${CPACK_SMM_DEBIAN}/copyright ${CPACK_SMM_DEBIAN}/changelog ${CPACK_SMM_DEBIAN}/README.Debian
     DESTINATION ${doc})
file(GLOB programs ${root}/usr/bin/*)
run(strip --remove-section=.comment --remove-section=.note ${programs})
file(GLOB pages ${root}/usr/share/man/man*/*)
run(gzip -9nf ${doc}/changelog ${pages})
# Whatever umask the sources were checked out with.
run(chmod -R u+rwX,go+rX,go-w ${root})
