// Waiting for a file descriptor on the event loop.
#pragma once
#include <napi.h>

namespace tapio {

void RegisterFdPoller(Napi::Env env, Napi::Object exports);

}  // namespace tapio
