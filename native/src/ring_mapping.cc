// A BPF ring buffer mapped into the process and lent to JavaScript as two ArrayBuffers.
//
//   file offset   0            page               2*page                         2*page + 2*size
//                 | consumer   | producer         | data        | data again     |
//                 | page (RW)  | page (RO)        | (RO)        | (RO)           |
//                   `consumer`   `records` ------------------------------------->
//
// The data pages are mapped twice in a row by the kernel, so no record is ever split.
//
// Two dangers, and how they are met:
//  * A store by JavaScript into `records` is a SIGSEGV, and nothing in JavaScript can forbid it.
//    Only native/ring-reader.ts sees the buffers; it keeps them in private fields and only reads.
//  * Unmapping under a live ArrayBuffer is a use after free. close() first *detaches* both buffers,
//    after which every view on them has length 0, and the pages are unmapped when the last owner
//    (this object, or a buffer's backing store) lets go of its reference.
#include "ring_mapping.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "arguments.h"
#include "bpf_calls.h"

namespace tapio {
namespace {

/// Pages mapped from a ring's file descriptor; unmapped when the last owner is gone.
class Pages {
 public:
  static std::shared_ptr<Pages> Map(int fd, size_t bytes, int protection, off_t offset,
                                    int *error) {
    void *address = mmap(nullptr, bytes, protection, MAP_SHARED, fd, offset);
    if (address == MAP_FAILED) {
      *error = errno;
      return nullptr;
    }
    return std::shared_ptr<Pages>(new Pages(address, bytes));
  }
  ~Pages() { munmap(address_, bytes_); }
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;

  void *address() const { return address_; }
  size_t bytes() const { return bytes_; }

 private:
  Pages(void *address, size_t bytes) : address_(address), bytes_(bytes) {}
  void *address_;
  size_t bytes_;
};

Napi::ArrayBuffer Lend(Napi::Env env, const std::shared_ptr<Pages> &pages) {
  return Napi::ArrayBuffer::New(
      env, pages->address(), pages->bytes(),
      [](Napi::BasicEnv, void *, std::shared_ptr<Pages> *owner) { delete owner; },
      new std::shared_ptr<Pages>(pages));
}

class RingMapping : public Napi::ObjectWrap<RingMapping> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "RingMapping",
                       {InstanceAccessor<&RingMapping::Consumer>("consumer"),
                        InstanceAccessor<&RingMapping::Records>("records"),
                        InstanceAccessor<&RingMapping::DataBytes>("dataBytes"),
                        InstanceAccessor<&RingMapping::DataOffset>("dataOffset"),
                        InstanceMethod<&RingMapping::Close>("close")});
  }

  /// new RingMapping(fd); throws an Error with the property `errno` when the kernel refuses.
  explicit RingMapping(const Napi::CallbackInfo &info) : Napi::ObjectWrap<RingMapping>(info) {
    int fd;
    if (!ReadFd(info, 0, &fd)) return;
    MapShape shape;
    int error = -ReadMapShape(fd, &shape);
    if (error == 0 && shape.type != BPF_MAP_TYPE_RINGBUF) error = EINVAL;
    if (error != 0) {
      Refuse(info.Env(), "the descriptor is not a ring buffer", error);
      return;
    }

    page_bytes_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    data_bytes_ = shape.max_entries;
    auto consumer = Pages::Map(fd, page_bytes_, PROT_READ | PROT_WRITE, 0, &error);
    if (!consumer) {
      Refuse(info.Env(), "mapping the consumer page failed", error);
      return;
    }
    auto records = Pages::Map(fd, page_bytes_ + 2 * data_bytes_, PROT_READ,
                              static_cast<off_t>(page_bytes_), &error);
    if (!records) {
      Refuse(info.Env(), "mapping the data pages failed", error);
      return;
    }

    Napi::ArrayBuffer consumer_buffer = Lend(info.Env(), consumer);
    if (info.Env().IsExceptionPending()) return;
    Napi::ArrayBuffer records_buffer = Lend(info.Env(), records);
    if (info.Env().IsExceptionPending()) return;
    consumer_ = Napi::Persistent(consumer_buffer);
    records_ = Napi::Persistent(records_buffer);
  }

 private:
  static void Refuse(Napi::Env env, const char *what, int error) {
    Napi::Error thrown = Napi::Error::New(env, std::string("tapio_native: ") + what);
    thrown.Set("errno", Napi::Number::New(env, error));
    thrown.ThrowAsJavaScriptException();
  }

  Napi::Value Consumer(const Napi::CallbackInfo &info) {
    return consumer_.IsEmpty() ? info.Env().Undefined() : consumer_.Value();
  }
  Napi::Value Records(const Napi::CallbackInfo &info) {
    return records_.IsEmpty() ? info.Env().Undefined() : records_.Value();
  }
  Napi::Value DataBytes(const Napi::CallbackInfo &info) {
    return Napi::Number::New(info.Env(), static_cast<double>(data_bytes_));
  }
  Napi::Value DataOffset(const Napi::CallbackInfo &info) {
    return Napi::Number::New(info.Env(), static_cast<double>(page_bytes_));
  }

  /// Idempotent. A buffer that V8 refuses to detach keeps its pages: leaked memory, never a fault.
  Napi::Value Close(const Napi::CallbackInfo &info) {
    if (!consumer_.IsEmpty()) consumer_.Value().Detach();
    if (!records_.IsEmpty()) records_.Value().Detach();
    consumer_.Reset();
    records_.Reset();
    return info.Env().Undefined();
  }

  Napi::Reference<Napi::ArrayBuffer> consumer_;
  Napi::Reference<Napi::ArrayBuffer> records_;
  size_t page_bytes_ = 0;
  size_t data_bytes_ = 0;
};

}  // namespace

void RegisterRingMapping(Napi::Env env, Napi::Object exports) {
  exports.Set("RingMapping", RingMapping::Define(env));
}

}  // namespace tapio
