# `make install`: header, libraries, pkg-config file and CMake package. All paths in them are relative to
# where they lie, so the tree may be moved.
include(CMakePackageConfigHelpers)
set(sxt_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sextant)

set_target_properties(sextant_shared PROPERTIES EXPORT_NAME sextant)
set_target_properties(sextant_static PROPERTIES EXPORT_NAME static)
install(TARGETS sextant_shared sextant_static EXPORT sextantTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/sextant.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

install(EXPORT sextantTargets NAMESPACE sextant:: DESTINATION ${sxt_package_dir})
configure_package_config_file(cmake/sextantConfig.cmake.in sextantConfig.cmake INSTALL_DESTINATION ${sxt_package_dir})
write_basic_package_version_file(sextantConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sextantConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/sextantConfigVersion.cmake
  DESTINATION ${sxt_package_dir})

file(RELATIVE_PATH sxt_prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" sxt_prefix_from_pc ${sxt_prefix_from_pc})
configure_file(cmake/sextant.pc.in sextant.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sextant.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
