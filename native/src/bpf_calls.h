// bpf(2) and what belongs to it, as functions of the addon.
#pragma once
#include <napi.h>

namespace tapio {

/// Number of CPUs the kernel may ever bring up: the stride of per-CPU map values.
unsigned PossibleCpus();

/// Type, key size, value size and capacity of the map behind `fd`.
struct MapShape {
  unsigned type = 0;
  unsigned key_size = 0;
  unsigned value_size = 0;
  unsigned max_entries = 0;
};

/// Returns 0, or the negated errno.
int ReadMapShape(int fd, MapShape *shape);

void RegisterBpfCalls(Napi::Env env, Napi::Object exports);

}  // namespace tapio
