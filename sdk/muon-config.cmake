# find_package(muon) gives the target muon::muon.
include(${CMAKE_CURRENT_LIST_DIR}/muon-targets.cmake)
