/*
 * The clients of the benchmark: many connections in one epoll loop, which read all they get, count whole frames, and tell how old each was by the stamp in it.
 *
 * Usage: load PROTOCOL PORT CLIENTS [PATH]
 *   PROTOCOL  http: multipart MJPEG at PATH; tcp and udp: version 1 of docs/protocols, with the JPEG itself as payload
 *
 * Prints {"ready":true} when each client has had a frame. Words on its standard input:
 *   reset     begins to count anew; prints {"reset":true}
 *   report    prints what was counted since then
 *   stall MS  stops to read for so long, then prints {"stall":{…}}: the bytes of the frames that were made before it began to read again, which is what server and
 *             kernel have held for the first client, and how many of these waited in its own receive buffer
 * Ends with its standard input, or when the server closes a connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common.h"

#define USAGE "load http|tcp|udp PORT CLIENTS [PATH]"

enum protocol { HTTP, TCP, UDP };
enum { MAX_EVENTS = 256, HEAD_BYTES = 2048, BATCH = 64, DATAGRAM_ROOM = 2048, CHUNK_HEAD = 13, CHUNK_BYTES = 1200 };
/* A client of a local network has room for several frames. */
enum { DATAGRAM_BUFFER = 4 * 1024 * 1024 };
/* Two million ages are five minutes of 200 clients at 30 fps. */
enum { MAX_AGES = 2000000, RING = 4096 };
static const size_t max_frame_bytes = (size_t)64 << 20;

struct client {
  int fd;
  int registered;
  char head[HEAD_BYTES + 1];
  size_t head_length;
  size_t body_length;
  size_t body_at; /* bytes of the body that have come */
  int in_body;
  uint8_t stamp[STAMP_END];
  uint64_t frames;
  uint64_t ever;
  uint32_t frame_id; /* of udp */
  uint32_t chunks_missing;
  int has_frame;
};

/* Several ages, in microseconds. */
struct ages {
  uint32_t *values;
  size_t count;
};

struct ring_entry {
  uint32_t sequence;
  uint32_t count;
  uint32_t oldest_us;
};

static enum protocol protocol;
static struct client *clients;
static int client_count, ready_count;
static uint64_t frames, bytes, datagrams, begun_us;
static struct ages ages, last_ages;
static struct ring_entry ring[RING];
static uint64_t resumed_us, held_bytes, held_frames;
static int waiting_bytes;
/* Several frames: with fewer and larger reads the clients keep up with the server. (Having the kernel throw away what is not looked at, MSG_TRUNC, took more.) */
static uint8_t buffer[1024 * 1024];

static void keep(struct ages *list, uint32_t value) {
  if (list->count < MAX_AGES) list->values[list->count++] = value;
}

static int by_value(const void *left, const void *right) {
  const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void print_ages(const char *name, struct ages *list) {
  qsort(list->values, list->count, sizeof *list->values, by_value);
  if (list->count == 0) {
    printf(",\"%s\":null", name);
    return;
  }
  size_t p50 = list->count / 2, p99 = list->count * 99 / 100;
  printf(",\"%s\":{\"count\":%zu,\"p50Us\":%u,\"p99Us\":%u,\"mostUs\":%u}", name, list->count, list->values[p50], list->values[p99],
         list->values[list->count - 1]);
}

static void reset(void) {
  frames = bytes = datagrams = 0;
  ages.count = last_ages.count = 0;
  memset(ring, 0, sizeof ring);
  for (int index = 0; index < client_count; index++) clients[index].frames = 0;
  begun_us = now_us();
}

static void report(void) {
  uint64_t least = UINT64_MAX, most = 0;
  for (int index = 0; index < client_count; index++) {
    if (clients[index].frames < least) least = clients[index].frames;
    if (clients[index].frames > most) most = clients[index].frames;
  }
  printf("{\"seconds\":%.6f,\"frames\":%llu,\"bytes\":%llu,\"datagrams\":%llu,\"least\":%llu,\"most\":%llu", (double)(now_us() - begun_us) / 1e6,
         (unsigned long long)frames, (unsigned long long)bytes, (unsigned long long)datagrams, (unsigned long long)least, (unsigned long long)most);
  print_ages("ages", &ages);
  print_ages("lastAges", &last_ages);
  printf("}\n");
  fflush(stdout);
}

static void whole(struct client *client, size_t length) {
  frames++;
  client->frames++;
  if (client->ever++ == 0 && ++ready_count == client_count) {
    printf("{\"ready\":true}\n");
    fflush(stdout);
  }
  if (length < STAMP_END || memcmp(client->stamp + STAMP_WORD_AT, STAMP_WORD, 2)) return;
  uint32_t sequence;
  uint64_t stamp_us, time_us = now_us();
  memcpy(&sequence, client->stamp + STAMP_SEQUENCE_AT, 4);
  memcpy(&stamp_us, client->stamp + STAMP_TIME_AT, 8);
  uint64_t age = time_us > stamp_us ? time_us - stamp_us : 0;
  uint32_t age_us = age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
  keep(&ages, age_us);
  struct ring_entry *entry = &ring[sequence % RING];
  /* numbers begin with 0, which is what an empty entry has */
  if (entry->sequence != sequence || entry->count == 0) *entry = (struct ring_entry){sequence, 0, 0};
  if (age_us > entry->oldest_us) entry->oldest_us = age_us;
  if (++entry->count == (uint32_t)client_count) keep(&last_ages, entry->oldest_us);
  if (resumed_us == 0 || client != clients) return;
  if (stamp_us < resumed_us) {
    held_bytes += length;
    held_frames++;
    return;
  }
  resumed_us = 0;
  printf("{\"stall\":{\"heldBytes\":%llu,\"heldFrames\":%llu,\"receiveBufferBytes\":%d}}\n", (unsigned long long)held_bytes,
         (unsigned long long)held_frames, waiting_bytes);
  fflush(stdout);
}

static void gone(const char *why) {
  fprintf(stderr, "load: a connection has ended: %s\n", why);
  exit(1);
}

/* Takes what is in `data`; parts of a head are kept until it is whole. */
static void take(struct client *client, const uint8_t *data, size_t length) {
  while (length > 0) {
    if (client->in_body) {
      size_t left = client->body_length - client->body_at, taken = length < left ? length : left;
      if (client->body_at < STAMP_END) {
        size_t room = STAMP_END - client->body_at;
        memcpy(client->stamp + client->body_at, data, taken < room ? taken : room);
      }
      client->body_at += taken;
      data += taken;
      length -= taken;
      if (client->body_at < client->body_length) return;
      client->in_body = 0;
      whole(client, client->body_length);
      continue;
    }
    if (client->head_length == HEAD_BYTES) gone("the head of a frame is too long");
    client->head[client->head_length++] = (char)*data++;
    length--;
    if (protocol == TCP) {
      if (client->head_length < 8) continue;
      uint64_t size;
      memcpy(&size, client->head, 8);
      client->body_length = (size_t)size;
    } else {
      client->head[client->head_length] = 0;
      if (client->head_length < 4 || memcmp(client->head + client->head_length - 4, "\r\n\r\n", 4)) continue;
      const char *field = strcasestr(client->head, "content-length:");
      if (!field && strncmp(client->head, "HTTP/", 5)) gone("a part without Content-Length");
      if (!strncmp(client->head, "HTTP/", 5)) {
        if (strncmp(client->head + 8, " 200", 4)) gone(client->head);
        client->head_length = 0;
        continue;
      }
      client->body_length = (size_t)strtoull(field + 15, NULL, 10);
    }
    if (client->body_length == 0 || client->body_length > max_frame_bytes) gone("a frame has an impossible length");
    client->head_length = client->body_at = 0;
    client->in_body = 1;
  }
}

static void read_stream(struct client *client) {
  ssize_t got = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got == 0) gone("the server closed it");
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    gone(strerror(errno));
  }
  bytes += (size_t)got;
  take(client, buffer, (size_t)got);
}

static void take_datagram(struct client *client, const uint8_t *data, size_t length) {
  datagrams++;
  bytes += length;
  uint32_t id, number;
  if (length == 23 && !memcmp(data, "FRAME_START", 11)) {
    memcpy(&client->frame_id, data + 11, 4);
    memcpy(&number, data + 15, 4);
    client->body_length = number;
    memcpy(&client->chunks_missing, data + 19, 4);
    client->has_frame = 1;
  } else if (length > CHUNK_HEAD && !memcmp(data, "CHUNK", 5)) {
    memcpy(&id, data + 5, 4);
    memcpy(&number, data + 9, 4);
    if (!client->has_frame || id != client->frame_id || client->chunks_missing == 0) return;
    if (number == 0 && length >= CHUNK_HEAD + STAMP_END) memcpy(client->stamp, data + CHUNK_HEAD, STAMP_END);
    if (--client->chunks_missing == 0) whole(client, client->body_length);
  } else if (length == 10 && !memcmp(data, "REGISTERED", 10)) {
    client->registered = 1;
  }
}

static void read_datagrams(struct client *client) {
  static struct mmsghdr messages[BATCH];
  static struct iovec rooms[BATCH];
  for (int index = 0; index < BATCH && !messages[index].msg_hdr.msg_iov; index++) {
    rooms[index] = (struct iovec){buffer + index * DATAGRAM_ROOM, DATAGRAM_ROOM};
    messages[index].msg_hdr.msg_iov = &rooms[index];
    messages[index].msg_hdr.msg_iovlen = 1;
  }
  int got = recvmmsg(client->fd, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int index = 0; index < got; index++) take_datagram(client, rooms[index].iov_base, messages[index].msg_len);
}

static void say(struct client *client, const char *word) {
  /* what is lost is said again */
  if (send(client->fd, word, strlen(word), MSG_NOSIGNAL) < 0 && protocol != UDP) gone(strerror(errno));
}

static void open_client(struct client *client, int epoll, int port, const char *path) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  client->fd = socket(AF_INET, (protocol == UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (client->fd < 0) fail("socket");
  if (protocol == UDP) {
    int room = DATAGRAM_BUFFER;
    if (setsockopt(client->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)) setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  if (connect(client->fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event)) fail("epoll_ctl");
  if (protocol == HTTP) {
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: bench\r\n\r\n", path, port);
    say(client, request);
  } else if (protocol == UDP) {
    say(client, "REGISTER_CLIENT");
  }
}

static void stall(int milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  while (nanosleep(&time, &time)) continue;
  waiting_bytes = 0;
  ioctl(clients[0].fd, FIONREAD, &waiting_bytes);
  held_bytes = held_frames = 0;
  resumed_us = now_us();
}

static void obey(const char *line) {
  if (!strncmp(line, "reset", 5)) {
    reset();
    printf("{\"reset\":true}\n");
    fflush(stdout);
  } else if (!strncmp(line, "report", 6)) {
    report();
  } else if (!strncmp(line, "stall ", 6)) {
    stall(atoi(line + 6));
  }
}

int main(int count, char **words) {
  static const char *const names[] = {"http", "tcp", "udp"};
  if (count < 4) misused(USAGE);
  int found = -1;
  for (int index = 0; index < 3; index++) {
    if (!strcmp(words[1], names[index])) found = index;
  }
  int port = atoi(words[2]);
  client_count = atoi(words[3]);
  if (found < 0 || port <= 0 || client_count <= 0) misused(USAGE);
  protocol = (enum protocol)found;
  clients = calloc((size_t)client_count, sizeof *clients);
  ages.values = malloc(MAX_AGES * sizeof *ages.values);
  last_ages.values = malloc(MAX_AGES * sizeof *last_ages.values);
  int epoll = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), input = STDIN_FILENO;
  if (!clients || !ages.values || !last_ages.values || epoll < 0 || timer < 0) fail("load");
  reset();
  for (int index = 0; index < client_count; index++) open_client(&clients[index], epoll, port, count > 4 ? words[4] : "/stream.mjpg");
  struct itimerspec second = {{1, 0}, {1, 0}};
  if (timerfd_settime(timer, 0, &second, NULL)) fail("timerfd_settime");
  int *const fixed[] = {&timer, &input};
  for (int index = 0; index < 2; index++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fixed[index]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, *fixed[index], &event)) fail("epoll_ctl");
  }

  struct epoll_event events[MAX_EVENTS];
  for (unsigned seconds = 0;;) {
    int ready = epoll_wait(epoll, events, MAX_EVENTS, -1);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    for (int index = 0; index < ready; index++) {
      void *const what = events[index].data.ptr;
      if (what == &timer) {
        uint64_t times;
        if (read(timer, &times, sizeof times) <= 0 || protocol != UDP) continue;
        seconds++;
        for (int at = 0; at < client_count; at++) {
          if (!clients[at].registered) say(&clients[at], "REGISTER_CLIENT");
          else if (seconds % 5 == 0) say(&clients[at], "KEEPALIVE");
        }
      } else if (what == &input) {
        char line[256];
        ssize_t length = read(input, line, sizeof line - 1);
        if (length <= 0) {
          for (int at = 0; protocol == UDP && at < client_count; at++) say(&clients[at], "DISCONNECT");
          return 0;
        }
        line[length] = 0;
        obey(line);
      } else if (protocol == UDP) {
        read_datagrams(what);
      } else {
        read_stream(what);
      }
    }
  }
}
