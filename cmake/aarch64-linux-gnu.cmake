# Builds for 64-bit ARM Linux on another machine; ctest runs the tests under qemu-user, on the CPU that QEMU_CPU names.
# Debian: gcc-aarch64-linux-gnu, qemu-user, and the libraries by tools/arm64_libraries.sh.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

get_filename_component(sxt_arm64_libraries ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-libraries/root ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${sxt_arm64_libraries} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${sxt_arm64_libraries}/usr/lib/aarch64-linux-gnu/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${sxt_arm64_libraries})
