// Calls a JavaScript function when a file descriptor becomes readable (uv_poll).
//
// The uv handle outlives the JavaScript object until libuv has closed it, so it lives in a block of
// its own that the close callback frees:
//
//   FdPoller (JS object) ──owns──► Watch { uv_poll_t, callback } ──freed by──► uv_close callback
//
// An asynchronous cleanup hook closes the handle when the environment (process or worker) ends
// while still polling; libuv aborts on handles left open.
#include "fd_poller.h"

#include <uv.h>

#include "arguments.h"

namespace tapio {
namespace {

struct Watch {
  uv_poll_t handle;
  Napi::Env env;
  Napi::FunctionReference callback;
  napi_async_cleanup_hook_handle hook = nullptr;
  bool is_closing = false;

  explicit Watch(Napi::Env environment) : env(environment) {}

  void Close() {
    if (is_closing) return;
    is_closing = true;
    uv_poll_stop(&handle);
    uv_close(reinterpret_cast<uv_handle_t *>(&handle), [](uv_handle_t *closed) {
      auto *watch = static_cast<Watch *>(closed->data);
      if (watch->hook != nullptr) napi_remove_async_cleanup_hook(watch->hook);
      delete watch;
    });
  }
};

/// Plain N-API calls: while a worker is being terminated every one of them may fail, which is no
/// reason to do anything, and node-addon-api's wrappers would abort the process over it.
void OnReadable(uv_poll_t *handle, int /* status */, int /* events */) {
  auto *watch = static_cast<Watch *>(handle->data);
  if (watch->is_closing) return;
  napi_env env = watch->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback = nullptr, receiver = nullptr, thrown = nullptr;
  if (napi_get_reference_value(env, watch->callback, &callback) == napi_ok &&
      callback != nullptr && napi_get_global(env, &receiver) == napi_ok) {
    napi_status status =
        napi_make_callback(env, nullptr, receiver, callback, 0, nullptr, nullptr);
    if (status == napi_pending_exception &&
        napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
      // What the callback throws is an uncaught exception of the program, not of libuv.
      napi_fatal_exception(env, thrown);
    }
  }
  napi_close_handle_scope(env, scope);
}

class FdPoller : public Napi::ObjectWrap<FdPoller> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "FdPoller",
                       {InstanceMethod<&FdPoller::Start>("start"),
                        InstanceMethod<&FdPoller::Stop>("stop"),
                        InstanceMethod<&FdPoller::Close>("close")});
  }

  /// new FdPoller(fd, onReadable); starts stopped.
  explicit FdPoller(const Napi::CallbackInfo &info) : Napi::ObjectWrap<FdPoller>(info) {
    int fd;
    if (!ReadFd(info, 0, &fd)) return;
    if (info.Length() < 2 || !info[1].IsFunction()) {
      Fail(info.Env(), "onReadable must be a function");
      return;
    }
    uv_loop_t *loop = nullptr;
    if (napi_get_uv_event_loop(info.Env(), &loop) != napi_ok) {
      Fail(info.Env(), "there is no event loop");
      return;
    }
    auto *watch = new Watch(info.Env());
    int error = uv_poll_init(loop, &watch->handle, fd);
    if (error != 0) {
      delete watch;
      auto thrown = Napi::Error::New(info.Env(), "tapio_native: the descriptor cannot be polled");
      thrown.Set("errno", Napi::Number::New(info.Env(), -error));
      thrown.ThrowAsJavaScriptException();
      return;
    }
    watch->handle.data = watch;
    watch->callback = Napi::Persistent(info[1].As<Napi::Function>());
    napi_add_async_cleanup_hook(
        info.Env(),
        [](napi_async_cleanup_hook_handle, void *data) { static_cast<Watch *>(data)->Close(); },
        watch, &watch->hook);
    watch_ = watch;
  }

  ~FdPoller() override {
    if (watch_ != nullptr) watch_->Close();
  }

 private:
  Napi::Value Start(const Napi::CallbackInfo &info) {
    if (watch_ == nullptr) return Napi::Number::New(info.Env(), UV_EBADF);
    int result = uv_poll_start(&watch_->handle, UV_READABLE, OnReadable);
    return Napi::Number::New(info.Env(), result);
  }
  Napi::Value Stop(const Napi::CallbackInfo &info) {
    if (watch_ != nullptr) uv_poll_stop(&watch_->handle);
    return info.Env().Undefined();
  }
  /// Idempotent; no call follows.
  Napi::Value Close(const Napi::CallbackInfo &info) {
    if (watch_ != nullptr) watch_->Close();
    watch_ = nullptr;
    return info.Env().Undefined();
  }

  Watch *watch_ = nullptr;
};

}  // namespace

void RegisterFdPoller(Napi::Env env, Napi::Object exports) {
  exports.Set("FdPoller", FdPoller::Define(env));
}

}  // namespace tapio
