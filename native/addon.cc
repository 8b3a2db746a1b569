// The addon's JavaScript surface: one class over FlowCapture, and what the build put in.
//
//   new FlowCapture(ringBytes, oldestHooks)   loads and attaches; throws
//     .programs                  [{ name, target, attachType, id, instructions, helperIds }]
//     .onReadable(callback)      called on the event loop while the ring holds records
//     .watch(enabled)            whether the event loop waits for the ring
//     .drain(bytes)              -> bytes written into the Uint8Array, whole records
//     .wantsScan() .scan()
//     .beginSnapshot(datagramIdleNs)  .readSnapshot(bytes) -> bytes written, 0 at the end
//     .counters()                { programs: [{ name, records, ... }], malformed }
//     .close()                   detaches; idempotent
//   flowRecordSize, flowRecordOffsets, flowRecordEnums   { name in C: number }
//   verifyEmbeddedObjects()      [{ name, sha256 }]; throws when a digest does not match
//
// There is no way in for an object, a program or a path from outside. Errors carry `errno`,
// `detail` (libbpf and verifier log) and `hint`. Everything runs on the thread that created it.
#include <napi.h>
#include <unistd.h>
#include <uv.h>

#include <cstddef>
#include <memory>

#include "bpf/include/flow_record.h"
#include "bpf_error.h"
#include "flow_capture.h"

namespace {

using probectl::BpfError;

Napi::Error to_javascript(Napi::Env env, const BpfError& error) {
  Napi::Error thrown = Napi::Error::New(env, "cannot " + error.operation);
  thrown.Set("operation", error.operation);
  thrown.Set("errno", static_cast<double>(error.error));
  thrown.Set("detail", error.detail);
  thrown.Set("hint", error.hint);
  return thrown;
}

/** Calls `body`; a BpfError becomes a JavaScript error. */
template <typename Body>
auto guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const BpfError& error) {
    throw to_javascript(env, error);
  }
}

struct Bytes {
  uint8_t* data;
  size_t size;
};

Bytes bytes_argument(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), "expected a Uint8Array");
  }
  auto array = info[0].As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

class FlowCaptureObject : public Napi::ObjectWrap<FlowCaptureObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "FlowCapture",
        {InstanceAccessor<&FlowCaptureObject::programs>("programs"),
         InstanceMethod<&FlowCaptureObject::on_readable>("onReadable"),
         InstanceMethod<&FlowCaptureObject::watch>("watch"),
         InstanceMethod<&FlowCaptureObject::drain>("drain"),
         InstanceMethod<&FlowCaptureObject::wants_scan>("wantsScan"),
         InstanceMethod<&FlowCaptureObject::scan>("scan"),
         InstanceMethod<&FlowCaptureObject::begin_snapshot>("beginSnapshot"),
         InstanceMethod<&FlowCaptureObject::read_snapshot>("readSnapshot"),
         InstanceMethod<&FlowCaptureObject::counters>("counters"),
         InstanceMethod<&FlowCaptureObject::close>("close")});
  }

  explicit FlowCaptureObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<FlowCaptureObject>(info), context_(info.Env(), "FlowCapture") {
    const double asked = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
    const auto ring_bytes = static_cast<uint32_t>(asked >= 0 && asked <= UINT32_MAX ? asked : 0);
    if (ring_bytes != asked || (ring_bytes & (ring_bytes - 1)) != 0 ||
        ring_bytes < static_cast<uint32_t>(sysconf(_SC_PAGESIZE))) {
      throw Napi::RangeError::New(info.Env(), "the ring's size is a power of two of whole pages");
    }
    const bool oldest_hooks = info[1].ToBoolean();
    capture_ = guarded(Env(), [&] {
      return std::make_unique<probectl::FlowCapture>(ring_bytes, oldest_hooks);
    });
  }

  ~FlowCaptureObject() override { release(); }

 private:
  probectl::FlowCapture& capture() {
    if (!capture_) throw Napi::Error::New(Env(), "the capture is closed");
    return *capture_;
  }

  Napi::Value programs(const Napi::CallbackInfo& info) {
    const auto& programs = capture().programs();
    Napi::Array list = Napi::Array::New(info.Env(), programs.size());
    for (uint32_t i = 0; i < programs.size(); i++) {
      const probectl::ProgramProof& proof = programs[i].proof;
      Napi::Array helpers = Napi::Array::New(info.Env(), proof.helper_ids.size());
      for (uint32_t h = 0; h < proof.helper_ids.size(); h++) helpers.Set(h, proof.helper_ids[h]);
      Napi::Object row = Napi::Object::New(info.Env());
      row.Set("name", proof.name);
      row.Set("target", programs[i].target);
      row.Set("attachType", proof.attach_type);
      row.Set("id", programs[i].id);
      row.Set("instructions", static_cast<double>(proof.instructions));
      row.Set("helperIds", helpers);
      list.Set(i, row);
    }
    return list;
  }

  void on_readable(const Napi::CallbackInfo& info) {
    callback_ = Napi::Persistent(info[0].As<Napi::Function>());
  }

  void watch(const Napi::CallbackInfo& info) {
    const bool enabled = info[0].ToBoolean();
    if (poll_ == nullptr) {
      if (!enabled) return;
      uv_loop_t* loop = nullptr;
      napi_get_uv_event_loop(Env(), &loop);
      poll_ = new uv_poll_t;
      poll_->data = this;
      if (const int error = uv_poll_init(loop, poll_, capture().ring_fd())) {
        delete poll_;
        poll_ = nullptr;
        throw to_javascript(Env(), {"wait for the ring", -error, uv_strerror(error), ""});
      }
    }
    if (enabled) {
      uv_poll_start(poll_, UV_READABLE, &FlowCaptureObject::readable);
    } else {
      uv_poll_stop(poll_);
    }
  }

  static void readable(uv_poll_t* poll, int, int) {
    auto* self = static_cast<FlowCaptureObject*>(poll->data);
    if (self == nullptr || self->callback_.IsEmpty()) return;
    Napi::HandleScope scope(self->Env());
    try {
      self->callback_.MakeCallback(self->Value(), {}, self->context_);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(self->Env(), error.Value());  // a bug in the host: not to be swallowed
    }
  }

  Napi::Value drain(const Napi::CallbackInfo& info) {
    const Bytes out = bytes_argument(info);
    return Napi::Number::New(info.Env(), static_cast<double>(capture().drain(out.data, out.size)));
  }

  Napi::Value wants_scan(const Napi::CallbackInfo& info) {
    return guarded(info.Env(),
                   [&] { return Napi::Boolean::New(info.Env(), capture().wants_scan()); });
  }

  void scan(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { capture().scan(); });
  }

  void begin_snapshot(const Napi::CallbackInfo& info) {
    const double idle_ns = info[0].ToNumber().DoubleValue();
    guarded(info.Env(), [&] { capture().begin_snapshot(static_cast<uint64_t>(idle_ns)); });
  }

  Napi::Value read_snapshot(const Napi::CallbackInfo& info) {
    const Bytes out = bytes_argument(info);
    return guarded(info.Env(), [&] {
      return Napi::Number::New(info.Env(),
                               static_cast<double>(capture().read_snapshot(out.data, out.size)));
    });
  }

  Napi::Value counters(const Napi::CallbackInfo& info) {
    const auto rows = guarded(info.Env(), [&] { return capture().counters(); });
    Napi::Array programs = Napi::Array::New(info.Env(), rows.size());
    for (uint32_t i = 0; i < rows.size(); i++) {
      Napi::Object row = Napi::Object::New(info.Env());
      row.Set("name", rows[i].name);
      row.Set("records", static_cast<double>(rows[i].records));
      row.Set("ringFull", static_cast<double>(rows[i].ring_full));
      row.Set("mapFull", static_cast<double>(rows[i].map_full));
      row.Set("peerUnknown", static_cast<double>(rows[i].peer_unknown));
      row.Set("ownerLost", static_cast<double>(rows[i].owner_lost));
      row.Set("missed", static_cast<double>(rows[i].missed));
      programs.Set(i, row);
    }
    Napi::Object all = Napi::Object::New(info.Env());
    all.Set("programs", programs);
    all.Set("malformed", static_cast<double>(capture().malformed()));
    return all;
  }

  void close(const Napi::CallbackInfo&) { release(); }

  void release() {
    if (poll_ != nullptr) {
      poll_->data = nullptr;
      uv_close(reinterpret_cast<uv_handle_t*>(poll_),
               [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
      poll_ = nullptr;
    }
    callback_.Reset();
    capture_.reset();
  }

  std::unique_ptr<probectl::FlowCapture> capture_;
  Napi::FunctionReference callback_;
  Napi::AsyncContext context_;
  uv_poll_t* poll_ = nullptr;
};

struct Field {
  const char* name;
  size_t offset;
};

#define FIELD(name) \
  { #name, offsetof(flow_record, name) }

constexpr Field kFields[] = {
    FIELD(observed_mono_ns),      FIELD(connection_id), FIELD(start_mono_ns),
    FIELD(bytes_sent),            FIELD(bytes_received), FIELD(process_start_boot_ns),
    FIELD(cgroup_id),             FIELD(packets_sent),  FIELD(packets_received),
    FIELD(srtt_us),               FIELD(retransmits),   FIELD(pid),
    FIELD(uid),                   FIELD(netns),         FIELD(local_port),
    FIELD(remote_port),           FIELD(local_address), FIELD(remote_address),
    FIELD(kind),                  FIELD(family),        FIELD(transport),
    FIELD(role),                  FIELD(flags),         FIELD(error),
    FIELD(comm),
};

Napi::Value offsets(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  for (const Field& field : kFields) object.Set(field.name, static_cast<double>(field.offset));
  return object;
}

/** The C enums, by the names they have there. */
Napi::Value enums(Napi::Env env) {
  const std::pair<const char*, int> values[] = {
      {"FLOW_OPEN", FLOW_OPEN},
      {"FLOW_CLOSE", FLOW_CLOSE},
      {"FLOW_FAILED", FLOW_FAILED},
      {"FLOW_SNAPSHOT", FLOW_SNAPSHOT},
      {"FLOW_ROLE_UNKNOWN", FLOW_ROLE_UNKNOWN},
      {"FLOW_ROLE_CLIENT", FLOW_ROLE_CLIENT},
      {"FLOW_ROLE_SERVER", FLOW_ROLE_SERVER},
      {"FLOW_FLAG_OPEN_SENT", FLOW_FLAG_OPEN_SENT},
      {"FLOW_FLAG_SNAPSHOT_SENT", FLOW_FLAG_SNAPSHOT_SENT},
      {"FLOW_FLAG_OWNER_UNKNOWN", FLOW_FLAG_OWNER_UNKNOWN},
      {"FLOW_FLAG_KERNEL_OWNED", FLOW_FLAG_KERNEL_OWNED},
      {"FLOW_FLAG_PREEXISTING", FLOW_FLAG_PREEXISTING},
      {"FLOW_FLAG_CGROUP_V1", FLOW_FLAG_CGROUP_V1},
      {"FLOW_FLAG_FOREIGN_NETNS", FLOW_FLAG_FOREIGN_NETNS},
  };
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : values) object.Set(name, value);
  return object;
}

Napi::Value verify_embedded_objects(const Napi::CallbackInfo& info) {
  const auto digests = guarded(info.Env(), [] { return probectl::verify_embedded_objects(); });
  Napi::Array list = Napi::Array::New(info.Env(), digests.size());
  for (uint32_t i = 0; i < digests.size(); i++) {
    Napi::Object row = Napi::Object::New(info.Env());
    row.Set("name", digests[i].name);
    row.Set("sha256", digests[i].sha256);
    list.Set(i, row);
  }
  return list;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("FlowCapture", FlowCaptureObject::define(env));
  exports.Set("flowRecordOffsets", offsets(env));
  exports.Set("flowRecordEnums", enums(env));
  exports.Set("flowRecordSize", static_cast<double>(sizeof(flow_record)));
  exports.Set("verifyEmbeddedObjects", Napi::Function::New(env, verify_embedded_objects));
  return exports;
}

}  // namespace

NODE_API_MODULE(probectl_bpf, init)
