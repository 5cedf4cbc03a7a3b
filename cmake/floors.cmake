# The floors of the house, lowest first. Each is an object library; a floor's tests link it and what lies
# below, so an upward call fails to link.
set(SXT_FLOORS base kernel tensor format text plan op model cache infer)

set(sxt_below "")
foreach(floor IN LISTS SXT_FLOORS)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${floor}/*.c)
  if(sources)
    add_library(sxt_${floor} OBJECT ${sources})
    target_include_directories(sxt_${floor} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(sxt_${floor} PRIVATE sxt_options PkgConfig::PCRE2 PkgConfig::JANSSON PkgConfig::UTF8PROC
      PkgConfig::XXHASH)
    list(APPEND sxt_below sxt_${floor})
  endif()
  set(SXT_UP_TO_${floor} ${sxt_below})
endforeach()

# One file of kernels per CPU level, compiled for it; chosen at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/kernel/kernel_avx2.c PROPERTIES
    COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/kernel/kernel_avx512.c PROPERTIES
    COMPILE_OPTIONS "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512vnni;-mfma;-mf16c;-mprefer-vector-width=512")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/kernel/kernel_avx512_bf16.c PROPERTIES
    COMPILE_OPTIONS "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512bf16;-mfma;-mf16c")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/kernel/kernel_neon_dotprod.c PROPERTIES
    COMPILE_OPTIONS "-march=armv8.2-a+dotprod")
endif()
set(SXT_SYSTEM_LIBRARIES PkgConfig::PCRE2 PkgConfig::JANSSON PkgConfig::UTF8PROC PkgConfig::XXHASH Threads::Threads m)
