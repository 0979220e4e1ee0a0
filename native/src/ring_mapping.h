// A BPF ring buffer mapped into this process.
#pragma once
#include <napi.h>

namespace tapio {

void RegisterRingMapping(Napi::Env env, Napi::Object exports);

}  // namespace tapio
