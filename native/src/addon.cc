// The addon's face: everything it exports to native/index.ts, plus the few facts of the machine
// that need no file of their own.
#include <napi.h>
#include <time.h>
#include <unistd.h>

#include "bpf_calls.h"
#include "fd_poller.h"
#include "ring_mapping.h"

namespace {

int64_t Nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

/// clockOffset(): { offsetUs, uncertaintyNs }, with CLOCK_REALTIME = CLOCK_MONOTONIC + offset.
/// The tightest of several brackets wins, so that being preempted in between does no harm.
Napi::Value ClockOffset(const Napi::CallbackInfo &info) {
  constexpr int kTries = 8;
  int64_t best_gap = INT64_MAX;
  int64_t best_offset = 0;
  for (int i = 0; i < kTries; i++) {
    int64_t before = Nanoseconds(CLOCK_MONOTONIC);
    int64_t real = Nanoseconds(CLOCK_REALTIME);
    int64_t after = Nanoseconds(CLOCK_MONOTONIC);
    if (after - before < best_gap) {
      best_gap = after - before;
      best_offset = real - (before + (after - before) / 2);
    }
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("offsetUs", Napi::Number::New(info.Env(), static_cast<double>(best_offset) / 1000.0));
  result.Set("uncertaintyNs", Napi::Number::New(info.Env(), static_cast<double>(best_gap)));
  return result;
}

/// monotonicNs(): the clock of bpf_ktime_get_ns, as a double (exact below 104 days of uptime).
Napi::Value MonotonicNs(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Nanoseconds(CLOCK_MONOTONIC)));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  tapio::RegisterBpfCalls(env, exports);
  tapio::RegisterRingMapping(env, exports);
  tapio::RegisterFdPoller(env, exports);
  exports.Set("clockOffset", Napi::Function::New(env, ClockOffset, "clockOffset"));
  exports.Set("monotonicNs", Napi::Function::New(env, MonotonicNs, "monotonicNs"));
  exports.Set("pageBytes", Napi::Number::New(env, static_cast<double>(sysconf(_SC_PAGESIZE))));
  exports.Set("possibleCpus", Napi::Number::New(env, tapio::PossibleCpus()));
  return exports;
}

}  // namespace

NODE_API_MODULE(tapio_native, Init)
