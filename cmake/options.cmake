# What every target of ours is compiled with: link it as muon_options.
add_library(muon_options INTERFACE)
target_compile_definitions(muon_options INTERFACE _GNU_SOURCE)
# Instrumentation misleads what gcc thinks of lengths and flow: with it, warnings are not errors.
if(MUON_WERROR AND NOT MUON_SANITIZE)
  target_compile_options(muon_options INTERFACE -Werror)
endif()
target_compile_options(muon_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla)
target_include_directories(muon_options INTERFACE ${PROJECT_SOURCE_DIR})
if(MUON_SANITIZE)
  target_compile_options(muon_options INTERFACE -fsanitize=${MUON_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(muon_options INTERFACE -fsanitize=${MUON_SANITIZE})
endif()
if(MUON_COVERAGE)
  target_compile_options(muon_options INTERFACE --coverage -fprofile-update=atomic) # there are threads
  target_link_options(muon_options INTERFACE --coverage)
endif()
if(MUON_FUZZ)
  target_compile_options(muon_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
