// Checked reading of JavaScript arguments.
//
// C++ exceptions are off, so a failed check sets a pending JavaScript TypeError and the caller
// returns at once. Every entry point of the addon starts with these: nothing that comes from
// JavaScript reaches the kernel, or a pointer, unchecked.
#pragma once
#include <napi.h>

#include <cstdint>
#include <string>

namespace tapio {

/// Throws a TypeError naming the argument; always returns false so callers can `return Fail(…)`.
inline bool Fail(Napi::Env env, const char *what) {
  Napi::TypeError::New(env, std::string("tapio_native: ") + what).ThrowAsJavaScriptException();
  return false;
}

inline bool ReadU32(const Napi::CallbackInfo &info, size_t index, const char *name, uint32_t *out) {
  if (info.Length() <= index || !info[index].IsNumber()) {
    return Fail(info.Env(), (std::string(name) + " must be a number").c_str());
  }
  double value = info[index].As<Napi::Number>().DoubleValue();
  // The range comes first: converting a number outside it would be undefined behaviour.
  if (!(value >= 0 && value <= 4294967295.0) ||
      value != static_cast<double>(static_cast<uint32_t>(value))) {
    return Fail(info.Env(), (std::string(name) + " must be an unsigned 32-bit integer").c_str());
  }
  *out = static_cast<uint32_t>(value);
  return true;
}

inline bool ReadFd(const Napi::CallbackInfo &info, size_t index, int *out) {
  uint32_t value = 0;
  if (!ReadU32(info, index, "fd", &value)) return false;
  if (value > INT32_MAX) return Fail(info.Env(), "fd is out of range");
  *out = static_cast<int>(value);
  return true;
}

/// A byte range owned by JavaScript; valid only until the current call returns.
struct Bytes {
  uint8_t *data = nullptr;
  size_t size = 0;
};

inline bool ReadBytes(const Napi::CallbackInfo &info, size_t index, const char *name, Bytes *out) {
  if (info.Length() <= index || !info[index].IsTypedArray() ||
      info[index].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return Fail(info.Env(), (std::string(name) + " must be a Uint8Array").c_str());
  }
  auto array = info[index].As<Napi::Uint8Array>();
  out->data = array.Data();
  out->size = array.ByteLength();
  return true;
}

inline bool ReadString(const Napi::CallbackInfo &info, size_t index, const char *name,
                       std::string *out) {
  if (info.Length() <= index || !info[index].IsString()) {
    return Fail(info.Env(), (std::string(name) + " must be a string").c_str());
  }
  *out = info[index].As<Napi::String>().Utf8Value();
  return true;
}

/// A system call's result as JavaScript sees it: the value, or the negated errno.
inline Napi::Value Result(Napi::Env env, long value, int error) {
  return Napi::Number::New(env, static_cast<double>(value < 0 ? -error : value));
}

}  // namespace tapio
