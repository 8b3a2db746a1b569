/*
 * Real TCP peers whose every fact is known: they print one JSON line per connection.
 *
 *   peer serve ADDRESS          listens on a free port, prints {"port":N}, then serves until
 *                               stdin closes; one line per connection when it is done
 *   peer dial ADDRESS PORT COUNT MODE
 *                               COUNT connections, each from a process of its own that is named
 *                               after the mode; MODE is
 *                                 reply   sends, reads the answer to its end, exits
 *                                 exit    sends and exits at once
 *                                 reset   sends and closes with a reset
 *                               ADDRESS as inet_pton takes it; ::ffff:a.b.c.d dials IPv4 through
 *                               an IPv6 socket
 *
 * A request is a 4-byte little-endian answer size and then payload until FIN or reset.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t parse(const char *text, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		die(text);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

/* An IPv4-mapped address is printed as IPv4, as the agent promises to show it. */
static int print_end(const char *name, const struct sockaddr_storage *at, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
	int port = ntohs(at->ss_family == AF_INET ? v4->sin_port : v6->sin6_port);

	if (at->ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	return snprintf(out, size, ",\"%sAddress\":\"%s\",\"%sPort\":%d", name, text, name, port);
}

/* One write, so that lines of several processes do not mix. */
static void report(const char *role, int fd, const struct sockaddr_storage *peer, long sent, long received)
{
	struct sockaddr_storage local;
	socklen_t size = sizeof(local);
	char line[512], comm[16];
	int at;

	prctl(PR_GET_NAME, comm);
	if (getsockname(fd, (struct sockaddr *)&local, &size))
		die("getsockname");
	at = snprintf(line, sizeof(line), "{\"role\":\"%s\",\"pid\":%d,\"comm\":\"%s\",\"sent\":%ld,\"received\":%ld",
		      role, getpid(), comm, sent, received);
	at += print_end("local", &local, line + at, sizeof(line) - at);
	at += print_end("remote", peer, line + at, sizeof(line) - at);
	at += snprintf(line + at, sizeof(line) - at, "}\n");
	if (write(1, line, at) != at)
		die("write");
}

static void send_all(int fd, const char *bytes, long size)
{
	while (size > 0) {
		ssize_t done = send(fd, bytes, size, MSG_NOSIGNAL);

		if (done < 0)
			die("send");
		bytes += done;
		size -= done;
	}
}

static void serve_one(int fd, const struct sockaddr_storage *peer)
{
	static char buffer[65536];
	unsigned char head[4] = {0};
	long received = 0, answer;

	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), 0);

		if (got <= 0)
			break;
		for (long i = received; i < 4 && i - received < got; i++)
			head[i] = buffer[i - received];
		received += got;
	}
	answer = head[0] | head[1] << 8 | head[2] << 16;
	memset(buffer, 'r', sizeof(buffer));
	if (answer > 0)
		send_all(fd, buffer, answer);
	report("server", fd, peer, answer, received);
	close(fd);
}

static void serve(const char *address)
{
	struct sockaddr_storage at, peer;
	socklen_t size = parse(address, 0, &at);
	int listener = socket(at.ss_family, SOCK_STREAM, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&at, size) || listen(listener, 1024) ||
	    getsockname(listener, (struct sockaddr *)&at, &size))
		die("listen");
	printf("{\"port\":%d}\n", ntohs(((struct sockaddr_in *)&at)->sin_port));
	fflush(stdout);
	for (;;) {
		struct pollfd wait[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};

		if (poll(wait, 2, -1) < 0)
			die("poll");
		if (wait[0].revents & POLLIN) {
			socklen_t peer_size = sizeof(peer);
			int fd = accept(listener, (struct sockaddr *)&peer, &peer_size);

			if (fd < 0)
				die("accept");
			serve_one(fd, &peer);
		} else if (wait[1].revents) {
			return; /* nothing left to accept, and no more is coming */
		}
	}
}

static void dial_one(const struct sockaddr_storage *to, socklen_t size, int number, const char *mode)
{
	static char buffer[65536];
	long payload = 4 + number * 37 % 5000, answer = !strcmp(mode, "reply") ? 1 + number * 53 % 9000 : 0;
	long received = 0;
	int fd = socket(to->ss_family, SOCK_STREAM, 0);
	struct linger hard = {.l_onoff = 1};

	prctl(PR_SET_NAME, mode);
	if (fd < 0 || connect(fd, (const struct sockaddr *)to, size))
		die("connect");
	memset(buffer, 'q', sizeof(buffer));
	buffer[0] = answer & 255;
	buffer[1] = answer >> 8 & 255;
	buffer[2] = buffer[3] = 0;
	send_all(fd, buffer, payload);
	if (answer > 0) {
		ssize_t got;

		shutdown(fd, SHUT_WR);
		while ((got = recv(fd, buffer, sizeof(buffer), 0)) > 0)
			received += got;
	}
	report("client", fd, to, payload, received);
	if (!strcmp(mode, "reset")) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(fd);
	}
	_exit(0);
}

static void dial(const char *address, int port, int count, const char *mode)
{
	struct sockaddr_storage to;
	socklen_t size = parse(address, port, &to);

	for (int i = 0; i < count; i++) {
		int status;
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0)
			dial_one(&to, size, i, mode);
		if (waitpid(child, &status, 0) != child || status != 0)
			exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve")) {
		serve(argv[2]);
	} else if (argc == 6 && !strcmp(argv[1], "dial")) {
		dial(argv[2], atoi(argv[3]), atoi(argv[4]), argv[5]);
	} else {
		fprintf(stderr, "usage: peer serve ADDRESS | peer dial ADDRESS PORT COUNT MODE\n");
		return 2;
	}
	return 0;
}
