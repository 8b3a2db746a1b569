/*
 * Load for the overhead benchmark. Every command prints JSON lines.
 *
 *   load connect WARM_MS RUN_MS PLACE
 *       TCP connections on loopback between two single-threaded processes: connect, one byte
 *       each way, close. FLIGHT of them are in flight at a time. PLACE is
 *         split   client on CPU 0, server on CPU 1
 *         same    both on CPU 0
 *       In a network namespace of its own, so that each run starts with every port free and no
 *       TIME_WAIT socket, and over many addresses of 127/8. Needs root.
 *   load calls KIND_MS
 *       nanoseconds per system call, one pass for each line on stdin:
 *         plain     as it is
 *         waiting   while one connection waits in a listener's backlog and nobody accepts it
 *   load stats
 *       run-time statistics of the kernel's BPF programs, on while stdin is open
 *       (BPF_ENABLE_STATS in include/uapi/linux/bpf.h).
 *
 * Bounds: RUN_MS and KIND_MS; the server dies with the client.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLIGHT 64
#define ADDRESSES 64 /* 127.0.0.2 and following; each has all the client's ports */
#define PORT 4242
#define PAYLOAD 64
#define BATCHES_MAX 512

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* VALUE unless it is negative. */
static int need(int value, const char *what)
{
	if (value < 0)
		die(what);
	return value;
}

static uint64_t now_of(clockid_t clock)
{
	struct timespec now;

	need(clock_gettime(clock, &now), "clock_gettime");
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t now(void)
{
	return now_of(CLOCK_MONOTONIC);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
	need(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static struct sockaddr_in loopback(int host, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };

	at.sin_addr.s_addr = htonl(0x7f000000 + host);
	return at;
}

static int bound(int type, struct sockaddr_in *at)
{
	socklen_t size = sizeof(*at);
	int fd = need(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");

	need(bind(fd, (struct sockaddr *)at, size), "bind");
	if (type == SOCK_STREAM)
		need(listen(fd, 4096), "listen");
	need(getsockname(fd, (struct sockaddr *)at, &size), "getsockname");
	return fd;
}

static int dial(int type, const struct sockaddr_in *to)
{
	int fd = need(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");

	need(connect(fd, (const struct sockaddr *)to, sizeof(*to)), "connect");
	return fd;
}

/* ---- connect ---- */

static void own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	need(unshare(CLONE_NEWNET), "unshare a network namespace, which needs root");
	fd = need(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	need(ioctl(fd, SIOCSIFFLAGS, &lo), "bring up lo");
	close(fd);
}

/* Answers one byte with one byte and closes, for ever. */
static void serve(int listener, int cpu)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	for (;;) {
		int fd = need(accept4(listener, 0, 0, SOCK_CLOEXEC), "accept4");
		char byte;

		if (recv(fd, &byte, 1, 0) == 1)
			need(send(fd, &byte, 1, MSG_NOSIGNAL), "send");
		close(fd);
	}
}

/* FLIGHT connections; returns how many. */
static int volley(void)
{
	static unsigned turn;
	int fds[FLIGHT];
	char byte = 1;

	for (int i = 0; i < FLIGHT; i++) {
		struct sockaddr_in to = loopback(2 + turn++ % ADDRESSES, PORT);

		fds[i] = dial(SOCK_STREAM, &to);
		need(send(fds[i], &byte, 1, MSG_NOSIGNAL), "send");
	}
	for (int i = 0; i < FLIGHT; i++) {
		if (recv(fds[i], &byte, 1, 0) != 1)
			die("recv of the answer");
		close(fds[i]);
	}
	return FLIGHT;
}

static uint64_t volleys(uint64_t milliseconds)
{
	uint64_t end = now() + milliseconds * 1000000, count = 0;

	while (now() < end)
		count += volley();
	return count;
}

static void run_connect(int warm_ms, int run_ms, int server_cpu)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	uint64_t wall, client_cpu, server_cpu_ns, warm, count;
	clockid_t server_clock;
	int listener;
	pid_t server;

	own_network();
	listener = bound(SOCK_STREAM, &any);
	server = need(fork(), "fork");
	if (server == 0)
		serve(listener, server_cpu);
	close(listener);
	pin(0);
	warm = volleys(warm_ms);
	if (clock_getcpuclockid(server, &server_clock))
		die("the server's CPU clock");
	wall = now();
	client_cpu = now_of(CLOCK_PROCESS_CPUTIME_ID);
	server_cpu_ns = now_of(server_clock);
	count = volleys(run_ms);
	server_cpu_ns = now_of(server_clock) - server_cpu_ns;
	client_cpu = now_of(CLOCK_PROCESS_CPUTIME_ID) - client_cpu;
	wall = now() - wall;
	kill(server, SIGKILL);
	waitpid(server, 0, 0);
	printf("{\"warm\":%lu,\"connections\":%lu,\"wallNs\":%lu,\"clientCpuNs\":%lu,\"serverCpuNs\":%lu}\n",
	       warm, count, wall, client_cpu, server_cpu_ns);
}

/* ---- calls ---- */

static int zero, null, pipe_ends[2], unix_ends[2], tcp_ends[2], udp_ends[2], udp_free[2];
static struct sockaddr_in udp_free_at;
static char payload[PAYLOAD];

static int transfer(int from, int to)
{
	need(send(from, payload, PAYLOAD, 0), "send");
	return recv(to, payload, PAYLOAD, 0) == PAYLOAD ? 0 : -1;
}

static int do_getppid(void) { return syscall(SYS_getppid) < 0 ? -1 : 0; }
static int do_zero(void) { return read(zero, payload, PAYLOAD) == PAYLOAD ? 0 : -1; }
static int do_null(void) { return write(null, payload, PAYLOAD) == PAYLOAD ? 0 : -1; }

static int do_pipe(void)
{
	need(write(pipe_ends[1], payload, PAYLOAD), "write to the pipe");
	return read(pipe_ends[0], payload, PAYLOAD) == PAYLOAD ? 0 : -1;
}

static int do_unix(void) { return transfer(unix_ends[0], unix_ends[1]); }
static int do_tcp(void) { return transfer(tcp_ends[0], tcp_ends[1]); }
static int do_udp(void) { return transfer(udp_ends[0], udp_ends[1]); }

static int do_udp_free(void)
{
	need(sendto(udp_free[0], payload, PAYLOAD, 0, (struct sockaddr *)&udp_free_at, sizeof(udp_free_at)),
	     "sendto");
	return recv(udp_free[1], payload, PAYLOAD, 0) == PAYLOAD ? 0 : -1;
}

static const struct {
	const char *name;
	int (*call)(void);
} kinds[] = {
	{ "getppid", do_getppid },
	{ "read /dev/zero", do_zero },
	{ "write /dev/null", do_null },
	{ "pipe write+read", do_pipe },
	{ "unix send+recv", do_unix },
	{ "tcp send+recv", do_tcp },
	{ "udp send+recv", do_udp },
	{ "udp sendto+recv", do_udp_free },
};

static void open_ends(void)
{
	struct sockaddr_in at = loopback(1, 0), other = loopback(1, 0);
	int listener = bound(SOCK_STREAM, &at);

	zero = need(open("/dev/zero", O_RDONLY), "/dev/zero");
	null = need(open("/dev/null", O_WRONLY), "/dev/null");
	need(pipe(pipe_ends), "pipe");
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, unix_ends), "socketpair");
	tcp_ends[0] = dial(SOCK_STREAM, &at);
	tcp_ends[1] = need(accept(listener, 0, 0), "accept");
	close(listener);
	at = loopback(1, 0);
	udp_ends[0] = bound(SOCK_DGRAM, &at);
	udp_ends[1] = bound(SOCK_DGRAM, &other);
	need(connect(udp_ends[0], (struct sockaddr *)&other, sizeof(other)), "connect");
	need(connect(udp_ends[1], (struct sockaddr *)&at, sizeof(at)), "connect");
	udp_free[0] = need(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	udp_free_at = loopback(1, 0);
	udp_free[1] = bound(SOCK_DGRAM, &udp_free_at);
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Median over batches of about a quarter of a millisecond, so that an interruption hits few. */
static double measure(int (*call)(void), uint64_t milliseconds)
{
	uint64_t start = now(), end = start + milliseconds * 1000000;
	double batches[BATCHES_MAX];
	int count = 0;

	while (now() < end && count < BATCHES_MAX) {
		uint64_t calls = 0;

		for (start = now(); now() - start < 250000;)
			for (int i = 0; i < 50; i++, calls++)
				need(call(), "a measured call");
		batches[count++] = (double)(now() - start) / calls;
	}
	qsort(batches, count, sizeof(*batches), ascending);
	return batches[count / 2];
}

static void pass(int milliseconds, int waiting)
{
	struct sockaddr_in at = loopback(1, 0);
	int listener = -1, client = -1;

	if (waiting) {
		listener = bound(SOCK_STREAM, &at);
		client = dial(SOCK_STREAM, &at);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		printf("%s\"%s\":%.2f", i ? "," : "{", kinds[i].name, measure(kinds[i].call, milliseconds));
	puts("}");
	fflush(stdout);
	if (waiting) {
		close(client);
		close(listener);
	}
}

static void run_calls(int milliseconds)
{
	char line[32];

	pin(1);
	open_ends();
	while (fgets(line, sizeof(line), stdin))
		pass(milliseconds, !strncmp(line, "waiting", 7));
}

/* ---- stats ---- */

static void run_stats(void)
{
	union bpf_attr attr = { .enable_stats.type = BPF_STATS_RUN_TIME };

	need(syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr)), "BPF_ENABLE_STATS");
	puts("{}");
	fflush(stdout);
	while (getchar() != EOF)
		;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "connect"))
		run_connect(atoi(argv[2]), atoi(argv[3]), !strcmp(argv[4], "split"));
	else if (argc == 3 && !strcmp(argv[1], "calls"))
		run_calls(atoi(argv[2]));
	else if (argc == 2 && !strcmp(argv[1], "stats"))
		run_stats();
	else
		return 2;
	return 0;
}
