# Compiler flags that every target shares. No -ffast-math, no -march=native: levels are chosen at run time.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_library(sxt_options INTERFACE)
target_compile_options(sxt_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
  -Wwrite-strings -ffp-contract=off -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
target_compile_definitions(sxt_options INTERFACE _GNU_SOURCE)
if(SXT_WERROR)
  target_compile_options(sxt_options INTERFACE -Werror)
endif()
if(SXT_SANITIZE)
  target_compile_definitions(sxt_options INTERFACE SXT_SANITIZED)
  target_compile_options(sxt_options INTERFACE -fsanitize=${SXT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(sxt_options INTERFACE -fsanitize=${SXT_SANITIZE})
endif()
