#include "output.h"

#include <cerrno>
#include <mutex>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

// What an ordinary user may ask for, see fs.pipe-max-size in pipe(7).
constexpr int pipeBytes = 1024 * 1024;

void prepareOutput()
{
	// Otherwise the first device that libcamera opens would be taken for it.
	if (fcntl(eventsFd, F_GETFD) < 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null >= 0 && null != eventsFd) {
			dup2(null, eventsFd);
			close(null);
		}
	}
	if (fcntl(STDOUT_FILENO, F_SETPIPE_SZ, pipeBytes) < 0)
		setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDBUF, &pipeBytes, sizeof(pipeBytes));
}

bool writeAll(int fd, iovec *parts, int count)
{
	while (count > 0) {
		ssize_t written = writev(fd, parts, count);
		if (written < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (written < 0)
			return false;
		size_t rest = static_cast<size_t>(written);
		while (count > 0 && rest >= parts->iov_len) {
			rest -= parts->iov_len;
			parts++;
			count--;
		}
		if (count > 0) {
			parts->iov_base = static_cast<uint8_t *>(parts->iov_base) + rest;
			parts->iov_len -= rest;
		}
	}
	return true;
}

bool emitEvent(const json::Object &event)
{
	static std::mutex mutex;
	std::lock_guard<std::mutex> lock(mutex);
	std::string line = event.str() + "\n";
	iovec part{ line.data(), line.size() };
	return writeAll(eventsFd, &part, 1);
}

void emitError(const char *code, const std::string &message)
{
	emitEvent(json::Object().add("event", "error").add("code", code).add("message", message));
}
