/** The parts of `--help` that the options do not tell themselves. */

export const DESCRIPTION = [
  "Observe-only eBPF host agent: who talks to whom, from inside the Linux kernel.",
  "Without a command it runs the agent. Where the kernel cannot be watched it says why; " +
    "recorded flows can be replayed on any system.",
].join("\n\n");

export const EXAMPLES = `
Examples:
  probectl-ebpf-agent --config /etc/probectl/ebpf-agent.yaml
  probectl-ebpf-agent --profile local                     watch this host, page on loopback
  probectl-ebpf-agent --tenant-id acme --fixture flows.json
  probectl-ebpf-agent config check --config agent.yaml    what is in force, and from where
  probectl-ebpf-agent inspect capture.pcapng              the calls in a recorded capture
  probectl-ebpf-agent probe                               what this host's kernel allows

The key behind an option is in brackets. Every key of the configuration file has an environment
variable too, such as PROBECTL_EBPF_BUS_MODE for bus.mode: a flag wins over it, and it wins over
the file. docs/configuration.md lists all keys.

Exit codes:
  0  clean stop
  1  runtime failure
  2  configuration or input refused; one line for each problem
`;
