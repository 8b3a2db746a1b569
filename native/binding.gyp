{
  "variables": {
    "libelf_needs_zstd": "<!(grep -qs ZSTD_decompress $(cc -print-file-name=libelf.a) && echo 1 || echo 0)"
  },
  "target_defaults": {
    "cflags": ["-Wall", "-Wextra", "-Werror", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"],
    "cflags_c": ["-fvisibility=hidden"],
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++20", "-std=gnu++17"],
    "cflags_cc": ["-std=c++17", "-fexceptions", "-fvisibility=hidden"],
    "include_dirs": ["../build/generated", ".."],
    "libraries": ["<(SHARED_INTERMEDIATE_DIR)/libbpf.a", "-l:libelf.a", "-l:libz.a"],
    "conditions": [["libelf_needs_zstd==1", { "libraries": ["-l:libzstd.a"] }]],
    "ldflags": ["-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now"]
  },
  "targets": [
    {
      "target_name": "libbpf",
      "type": "none",
      "libraries!": ["<(SHARED_INTERMEDIATE_DIR)/libbpf.a"],
      "actions": [
        {
          "action_name": "rename_stderr",
          "inputs": ["static_libs.c"],
          "outputs": ["<(SHARED_INTERMEDIATE_DIR)/libbpf.a"],
          "action": [
            "objcopy",
            "--redefine-sym=stderr=probectl_stderr",
            "<!(cc -print-file-name=libbpf.a)",
            "<(SHARED_INTERMEDIATE_DIR)/libbpf.a"
          ]
        }
      ]
    },
    {
      "target_name": "probectl_bpf",
      "dependencies": ["libbpf"],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "sources": [
        "addon.cc",
        "bpf_error.cc",
        "flow_capture.cc",
        "observe_only.cc",
        "ring_reader.cc",
        "sha256.cc",
        "static_libs.c",
        "../build/generated/objects.S"
      ]
    },
    {
      "target_name": "prove",
      "type": "executable",
      "dependencies": ["libbpf"],
      "sources": ["prove.cc", "bpf_error.cc", "observe_only.cc", "static_libs.c"]
    }
  ]
}
