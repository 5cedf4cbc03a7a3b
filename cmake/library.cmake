# Shared and static library from the same objects, and what `make install` puts beside them.
set(sxt_objects "")
foreach(floor IN LISTS SXT_UP_TO_infer)
  list(APPEND sxt_objects $<TARGET_OBJECTS:${floor}>)
endforeach()
add_library(sxt_api OBJECT ${CMAKE_SOURCE_DIR}/src/api.c)
target_include_directories(sxt_api PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(sxt_api PRIVATE sxt_options)

foreach(kind SHARED STATIC)
  string(TOLOWER sextant_${kind} name)
  add_library(${name} ${kind} ${sxt_objects} $<TARGET_OBJECTS:sxt_api>)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE ${SXT_SYSTEM_LIBRARIES} $<BUILD_INTERFACE:sxt_options>)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME sextant VERSION ${PROJECT_VERSION} SOVERSION 1)
endforeach()
