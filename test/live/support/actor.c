/*
 * A process that does with sockets what its lines of input say, one step at a time, so that a
 * test decides when each thing happens. Sockets are numbered 0 to 15 by the test. Every line is
 * answered with one JSON line {"pid":N,"error":ERRNO,"value":N}.
 *
 *   S listen ADDRESS BACKLOG     value: the port            S connect ADDRESS PORT  value: own port
 *   S bind ADDRESS PORT          UDP; value: the port       S associate ADDRESS PORT  UDP connect()
 *   S datagram ADDRESS           UDP, neither bound nor connected, of that address's family
 *   S accept AS                  value: the peer's port     S begin ADDRESS PORT  connect, no waiting
 *   S send BYTES                 value: bytes sent          S receive BYTES  value: bytes received
 *   S sendto ADDRESS PORT BYTES  one datagram               S receivefrom    value: bytes of one
 *   S shutdown | S reset | S close
 *   S handover BYTES             a forked child sends them, this process closes its copy;
 *                                pid: the child's
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[65536];
static int slots[16];

static socklen_t parse(const char *text, const char *port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	v4->sin_port = htons(atoi(port)); /* both forms have it at the same place */
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		out->ss_family = AF_INET;
		return sizeof(*v4);
	}
	out->ss_family = AF_INET6;
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1 ? sizeof(*v6) : 0;
}

static long port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &size) ? -1 : ntohs(((struct sockaddr_in *)&at)->sin_port);
}

/* A socket of TYPE, bound to or connected to the address; its own port. */
static long open_socket(int slot, int type, const char *address, const char *port, int connects)
{
	struct sockaddr_storage at;
	socklen_t size = parse(address, port, &at);
	int fd = socket(at.ss_family, type, 0);

	slots[slot] = fd;
	if (connects ? connect(fd, (struct sockaddr *)&at, size) : bind(fd, (struct sockaddr *)&at, size))
		return errno == EINPROGRESS ? port_of(fd) : -1;
	return port_of(fd);
}

static long transfer(int fd, long bytes, int sends)
{
	long done = 0;

	while (done < bytes) {
		long part = bytes - done > (long)sizeof(buffer) ? (long)sizeof(buffer) : bytes - done;
		long got = sends ? send(fd, buffer, part, MSG_NOSIGNAL) : recv(fd, buffer, part, 0);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += got;
	}
	return done;
}

static long accept_as(int fd, int as)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	slots[as] = accept(fd, (struct sockaddr *)&peer, &size);
	return slots[as] < 0 ? -1 : ntohs(((struct sockaddr_in *)&peer)->sin_port);
}

static long close_slot(int fd, int hard)
{
	struct linger now = {.l_onoff = 1};

	if (hard && setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		return -1;
	return close(fd);
}

static long send_datagram(int fd, const char *address, const char *port, long bytes)
{
	struct sockaddr_storage to;
	socklen_t size = parse(address, port, &to);

	return sendto(fd, buffer, bytes, 0, (struct sockaddr *)&to, size);
}

static long hand_over(int fd, long bytes, int *pid)
{
	fflush(stdout);
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		transfer(fd, bytes, 1);
		close(fd);
		pause(); /* stays, as servers do */
		_exit(0);
	}
	return close(fd);
}

static long step(int slot, int words, char **word, int *pid)
{
	const char *verb = word[1];
	int fd = slots[slot];

	if (!strcmp(verb, "listen") && words == 4)
		return open_socket(slot, SOCK_STREAM, word[2], "0", 0) < 0 || listen(slots[slot], atoi(word[3])) ?
			       -1 : port_of(slots[slot]);
	if (!strcmp(verb, "connect") && words == 4)
		return open_socket(slot, SOCK_STREAM, word[2], word[3], 1);
	if (!strcmp(verb, "begin") && words == 4)
		return open_socket(slot, SOCK_STREAM | SOCK_NONBLOCK, word[2], word[3], 1);
	if (!strcmp(verb, "bind") && words == 4)
		return open_socket(slot, SOCK_DGRAM, word[2], word[3], 0);
	if (!strcmp(verb, "datagram") && words == 3)
		return slots[slot] = socket(strchr(word[2], ':') ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	if (!strcmp(verb, "associate") && words == 4)
		return open_socket(slot, SOCK_DGRAM, word[2], word[3], 1);
	if (!strcmp(verb, "accept") && words == 3)
		return accept_as(fd, atoi(word[2]) & 15);
	if ((!strcmp(verb, "send") || !strcmp(verb, "receive")) && words == 3)
		return transfer(fd, atol(word[2]), verb[0] == 's');
	if (!strcmp(verb, "sendto") && words == 5)
		return send_datagram(fd, word[2], word[3], atol(word[4]));
	if (!strcmp(verb, "receivefrom"))
		return recv(fd, buffer, sizeof(buffer), 0);
	if (!strcmp(verb, "shutdown"))
		return shutdown(fd, SHUT_WR);
	if (!strcmp(verb, "reset") || !strcmp(verb, "close"))
		return close_slot(fd, verb[0] == 'r');
	if (!strcmp(verb, "handover") && words == 3)
		return hand_over(fd, atol(word[2]), pid);
	errno = ENOSYS;
	return -1;
}

int main(void)
{
	char line[256];

	signal(SIGCHLD, SIG_IGN);
	while (fgets(line, sizeof(line), stdin)) {
		char *word[6] = {0};
		int words = 0, pid = getpid();
		long value;

		for (char *at = strtok(line, " \n"); at && words < 6; at = strtok(NULL, " \n"))
			word[words++] = at;
		errno = 0;
		value = words < 2 ? -1 : step(atoi(word[0]) & 15, words, word, &pid);
		printf("{\"pid\":%d,\"error\":%d,\"value\":%ld}\n", pid, value < 0 ? errno : 0, value);
		fflush(stdout);
	}
	return 0;
}
