// One function per bpf(2) command the product needs, instead of one that passes a raw attribute
// block through: the kernel reads and writes as many bytes as the *map* says, not as many as the
// caller's buffer holds, so each call compares the two first. Results are a value >= 0 or -errno.
#include "bpf_calls.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arguments.h"

namespace tapio {
namespace {

constexpr size_t kMaxLogBytes = 16u << 20;
constexpr size_t kMaxInstructions = 1u << 20;

long Bpf(int command, union bpf_attr *attr) {
  return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

uint64_t Address(const void *pointer) { return reinterpret_cast<uint64_t>(pointer); }

/// Kernel object names hold 15 characters of [A-Za-z0-9_.]; anything else is refused with EINVAL.
void CopyName(char (&target)[BPF_OBJ_NAME_LEN], const std::string &name) {
  strncpy(target, name.c_str(), BPF_OBJ_NAME_LEN - 1);
}

bool IsPerCpu(unsigned type) {
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

size_t ValueBytes(const MapShape &shape) {
  if (!IsPerCpu(shape.type)) return shape.value_size;
  return ((static_cast<size_t>(shape.value_size) + 7) & ~size_t{7}) * PossibleCpus();
}

/// mapCreate(type, keySize, valueSize, maxEntries, flags, name): fd | -errno
Napi::Value MapCreate(const Napi::CallbackInfo &info) {
  uint32_t type, key_size, value_size, max_entries, flags;
  std::string name;
  if (!ReadU32(info, 0, "type", &type) || !ReadU32(info, 1, "keySize", &key_size) ||
      !ReadU32(info, 2, "valueSize", &value_size) ||
      !ReadU32(info, 3, "maxEntries", &max_entries) ||
      !ReadU32(info, 4, "flags", &flags) || !ReadString(info, 5, "name", &name)) {
    return info.Env().Undefined();
  }
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = max_entries;
  attr.map_flags = flags;
  CopyName(attr.map_name, name);
  long fd = Bpf(BPF_MAP_CREATE, &attr);
  return Result(info.Env(), fd, errno);
}

/// Checks key and value against the map; false with a pending TypeError or `*result` set.
bool CheckElement(Napi::Env env, int fd, const Bytes &key, const Bytes &value,
                  Napi::Value *result) {
  MapShape shape;
  int error = ReadMapShape(fd, &shape);
  if (error < 0) {
    *result = Napi::Number::New(env, error);
    return false;
  }
  if (key.size != shape.key_size) return Fail(env, "the key's size is not the map's key size");
  if (value.size != ValueBytes(shape)) {
    return Fail(env, "the value's size is not the map's value size");
  }
  return true;
}

/// mapUpdate(fd, key, value): 0 | -errno
Napi::Value MapUpdate(const Napi::CallbackInfo &info) {
  int fd;
  Bytes key, value;
  if (!ReadFd(info, 0, &fd) || !ReadBytes(info, 1, "key", &key) ||
      !ReadBytes(info, 2, "value", &value)) {
    return info.Env().Undefined();
  }
  Napi::Value refused = info.Env().Undefined();
  if (!CheckElement(info.Env(), fd, key, value, &refused)) return refused;
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = Address(key.data);
  attr.value = Address(value.data);
  long result = Bpf(BPF_MAP_UPDATE_ELEM, &attr);
  return Result(info.Env(), result, errno);
}

/// mapLookup(fd, key, out): 0 | -errno; per-CPU maps fill one 8-aligned value per possible CPU.
Napi::Value MapLookup(const Napi::CallbackInfo &info) {
  int fd;
  Bytes key, value;
  if (!ReadFd(info, 0, &fd) || !ReadBytes(info, 1, "key", &key) ||
      !ReadBytes(info, 2, "out", &value)) {
    return info.Env().Undefined();
  }
  Napi::Value refused = info.Env().Undefined();
  if (!CheckElement(info.Env(), fd, key, value, &refused)) return refused;
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = Address(key.data);
  attr.value = Address(value.data);
  long result = Bpf(BPF_MAP_LOOKUP_ELEM, &attr);
  return Result(info.Env(), result, errno);
}

/// mapDelete(fd, key): 0 | -errno
Napi::Value MapDelete(const Napi::CallbackInfo &info) {
  int fd;
  Bytes key;
  if (!ReadFd(info, 0, &fd) || !ReadBytes(info, 1, "key", &key)) return info.Env().Undefined();
  MapShape shape;
  int error = ReadMapShape(fd, &shape);
  if (error < 0) return Napi::Number::New(info.Env(), error);
  if (key.size != shape.key_size) {
    Fail(info.Env(), "the key's size is not the map's key size");
    return info.Env().Undefined();
  }
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = Address(key.data);
  long result = Bpf(BPF_MAP_DELETE_ELEM, &attr);
  return Result(info.Env(), result, errno);
}

/// programLoad(type, instructions, name, log): fd | -errno
/// An empty `log` loads silently; otherwise the verifier writes its NUL-terminated story into it.
Napi::Value ProgramLoad(const Napi::CallbackInfo &info) {
  uint32_t type;
  Bytes code, log;
  std::string name;
  if (!ReadU32(info, 0, "type", &type) || !ReadBytes(info, 1, "instructions", &code) ||
      !ReadString(info, 2, "name", &name) || !ReadBytes(info, 3, "log", &log)) {
    return info.Env().Undefined();
  }
  if (code.size == 0 || code.size % 8 != 0 || code.size / 8 > kMaxInstructions) {
    Fail(info.Env(), "instructions must be a non-empty multiple of 8 bytes");
    return info.Env().Undefined();
  }
  if (log.size > kMaxLogBytes) {
    Fail(info.Env(), "log is larger than the kernel accepts");
    return info.Env().Undefined();
  }
  static const char kLicense[] = "GPL";  // bpf_probe_read_kernel is a GPL-only helper
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.prog_type = type;
  attr.insns = Address(code.data);
  attr.insn_cnt = static_cast<uint32_t>(code.size / 8);
  attr.license = Address(kLicense);
  if (log.size > 0) {
    log.data[0] = 0;
    attr.log_level = 1;
    attr.log_buf = Address(log.data);
    attr.log_size = static_cast<uint32_t>(log.size);
  }
  CopyName(attr.prog_name, name);
  long fd = Bpf(BPF_PROG_LOAD, &attr);
  return Result(info.Env(), fd, errno);
}

/// rawTracepointOpen(name, programFd): fd | -errno; closing the fd detaches.
Napi::Value RawTracepointOpen(const Napi::CallbackInfo &info) {
  int program;
  std::string name;
  if (!ReadString(info, 0, "name", &name) || !ReadFd(info, 1, &program)) {
    return info.Env().Undefined();
  }
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.raw_tracepoint.name = Address(name.c_str());
  attr.raw_tracepoint.prog_fd = static_cast<uint32_t>(program);
  long fd = Bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
  return Result(info.Env(), fd, errno);
}

/// programTestRun(fd, context): the program's return value (u32) | -errno
Napi::Value ProgramTestRun(const Napi::CallbackInfo &info) {
  int fd;
  Bytes context;
  if (!ReadFd(info, 0, &fd) || !ReadBytes(info, 1, "context", &context)) {
    return info.Env().Undefined();
  }
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.test.prog_fd = static_cast<uint32_t>(fd);
  attr.test.ctx_in = Address(context.data);
  attr.test.ctx_size_in = static_cast<uint32_t>(context.size);
  long result = Bpf(BPF_PROG_TEST_RUN, &attr);
  if (result < 0) return Napi::Number::New(info.Env(), -errno);
  return Napi::Number::New(info.Env(), attr.test.retval);
}

/// programInfo(fd): { translatedBytes, jitedBytes, verifiedInstructions, recursionMisses } | -errno
Napi::Value ProgramInfo(const Napi::CallbackInfo &info) {
  int fd;
  if (!ReadFd(info, 0, &fd)) return info.Env().Undefined();
  struct bpf_prog_info program;
  memset(&program, 0, sizeof(program));
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.info.bpf_fd = static_cast<uint32_t>(fd);
  attr.info.info_len = sizeof(program);
  attr.info.info = Address(&program);
  if (Bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0) return Napi::Number::New(info.Env(), -errno);
  auto result = Napi::Object::New(info.Env());
  result.Set("translatedBytes", Napi::Number::New(info.Env(), program.xlated_prog_len));
  result.Set("jitedBytes", Napi::Number::New(info.Env(), program.jited_prog_len));
  result.Set("verifiedInstructions", Napi::Number::New(info.Env(), program.verified_insns));
  result.Set("recursionMisses",
             Napi::Number::New(info.Env(), static_cast<double>(program.recursion_misses)));
  return result;
}

/// closeFd(fd): 0 | -errno
Napi::Value CloseFd(const Napi::CallbackInfo &info) {
  int fd;
  if (!ReadFd(info, 0, &fd)) return info.Env().Undefined();
  long result = close(fd);
  return Result(info.Env(), result, errno);
}

}  // namespace

unsigned PossibleCpus() {
  static const unsigned count = [] {
    unsigned highest = 0;
    FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
    if (file != nullptr) {
      // "0-7" or "0,2-5": ids are dense in every kernel so far, but the stride is by highest id.
      unsigned id = 0;
      char separator = 0;
      while (fscanf(file, "%u%c", &id, &separator) >= 1) {
        if (id > highest) highest = id;
      }
      fclose(file);
    } else {
      long configured = sysconf(_SC_NPROCESSORS_CONF);
      highest = configured > 0 ? static_cast<unsigned>(configured - 1) : 0;
    }
    return highest + 1;
  }();
  return count;
}

int ReadMapShape(int fd, MapShape *shape) {
  struct bpf_map_info map;
  memset(&map, 0, sizeof(map));
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.info.bpf_fd = static_cast<uint32_t>(fd);
  attr.info.info_len = sizeof(map);
  attr.info.info = Address(&map);
  if (Bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0) return -errno;
  *shape = MapShape{map.type, map.key_size, map.value_size, map.max_entries};
  return 0;
}

void RegisterBpfCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("mapCreate", Napi::Function::New(env, MapCreate, "mapCreate"));
  exports.Set("mapUpdate", Napi::Function::New(env, MapUpdate, "mapUpdate"));
  exports.Set("mapLookup", Napi::Function::New(env, MapLookup, "mapLookup"));
  exports.Set("mapDelete", Napi::Function::New(env, MapDelete, "mapDelete"));
  exports.Set("programLoad", Napi::Function::New(env, ProgramLoad, "programLoad"));
  exports.Set("programTestRun", Napi::Function::New(env, ProgramTestRun, "programTestRun"));
  exports.Set("programInfo", Napi::Function::New(env, ProgramInfo, "programInfo"));
  exports.Set("rawTracepointOpen",
              Napi::Function::New(env, RawTracepointOpen, "rawTracepointOpen"));
  exports.Set("closeFd", Napi::Function::New(env, CloseFd, "closeFd"));
}

}  // namespace tapio
