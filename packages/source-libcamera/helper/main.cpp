// The camera helper of Streamer: takes frames from a camera of libcamera's and writes them to a pipe.
//
//   streamer-camera version              what this program is, as JSON
//   streamer-camera list                 the cameras there are, as JSON
//   streamer-camera stream name=value …  frames on standard output, events on descriptor 3, commands (`set id=1 name=value …`) on standard input
//
// It ends when its standard input ends.

#include "capture.h"
#include "output.h"

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>

#include <unistd.h>

#include <libcamera/property_ids.h>

using namespace libcamera;

namespace {

// How long a camera may take to stop when nobody needs it any more; one that hangs is left to the system then.
constexpr unsigned stopSeconds = 1;

// Exit codes.
constexpr int failed = 1;
constexpr int badUsage = 2;
constexpr int hung = 3;

std::string modesJson(Camera &camera)
{
#if LIBCAMERA_AT_LEAST(0, 1)
	const std::vector<StreamRole> roles = { StreamRole::VideoRecording };
#else
	const StreamRoles roles = { StreamRole::VideoRecording };
#endif
	std::unique_ptr<CameraConfiguration> config = camera.generateConfiguration(roles);
	std::vector<std::string> modes;
	if (!config || config->empty())
		return "[]";
	const StreamFormats &offered = config->at(0).formats();
	for (const PixelFormat &format : offered.pixelformats()) {
		Layout layout;
		if (!layoutOf(format, layout))
			continue;
		std::vector<Size> sizes = offered.sizes(format);
		if (sizes.empty())
			sizes.push_back(offered.range(format).max);
		for (const Size &size : sizes)
			modes.push_back(json::Object().add("pixelFormat", nameOf(layout)).add("width", size.width).add("height", size.height).str());
	}
	return json::array(modes, [](const std::string &mode) { return mode; });
}

std::string cameraJson(Camera &camera)
{
	json::Object out;
	out.add("id", camera.id()).add("model", modelOf(camera));
	const auto location = camera.properties().get(properties::Location);
	const char *const locations[] = { "front", "back", "external" };
	if (location && *location >= 0 && *location < 3)
		out.add("location", locations[*location]);
	if (const auto rotation = camera.properties().get(properties::Rotation))
		out.add("rotation", *rotation);
	out.raw("modes", modesJson(camera));
	CameraControls controls(camera.controls(), {});
	out.raw("controls", json::array(controls.specs(), [](const ControlSpec &spec) { return spec.json(); }));
	return out.str();
}

int list()
{
	CameraManager manager;
	int error = manager.start();
	if (error) {
		const char *code = error == -EACCES || error == -EPERM ? "permission" : "failed";
		std::string message = std::string("libcamera does not start: ") + strerror(-error);
		printf("%s\n", json::Object().raw("error", json::Object().add("code", code).add("message", message).str()).str().c_str());
		return failed;
	}
	{
		std::vector<std::shared_ptr<Camera>> cameras = manager.cameras();
		std::string all = json::array(cameras, [](const std::shared_ptr<Camera> &camera) { return cameraJson(*camera); });
		printf("%s\n", json::Object().add("libcamera", libcameraVersion()).raw("cameras", all).str().c_str());
	}
	manager.stop();
	return 0;
}

// What the threads tell the main one.
struct Mail {
	std::mutex mutex;
	std::condition_variable arrived;
	std::deque<std::string> lines;
	bool isOver = false;
	std::optional<Failure> failure;

	void end(const Failure *why)
	{
		std::lock_guard<std::mutex> lock(mutex);
		if (why && !isOver)
			failure = *why;
		isOver = true;
		arrived.notify_all();
	}
};

// Lines that are not taken yet; whoever sends more than this does not wait for answers.
constexpr size_t maxLines = 64;

void readCommands(Mail &mail)
{
	readLines(
		[&mail](const std::string &line) {
			std::lock_guard<std::mutex> lock(mail.mutex);
			if (mail.lines.size() >= maxLines) {
				emitEvent(json::Object().add("event", "refused").add("message", "too many commands at once"));
				return;
			}
			mail.lines.push_back(line);
			mail.arrived.notify_all();
		},
		[] { emitEvent(json::Object().add("event", "refused").add("message", "a line is too long")); });
	mail.end(nullptr);
}

int stream(const Pairs &arguments)
{
	Pairs pairs = arguments;
	Settings settings;
	std::string error;
	if (!settings.take(pairs, error)) {
		emitError("unsupported", error);
		return badUsage;
	}
	// They outlive this function: the process ends while their threads still wait.
	Mail &mail = *new Mail;
	Capture &capture = *new Capture(settings, [&mail](const Failure *why) { mail.end(why); });
	std::thread([&mail] {
		readCommands(mail);
		sleep(stopSeconds);
		_exit(hung);
	}).detach();

	Failure failure;
	bool isGood = capture.start(pairs, failure);
	std::unique_lock<std::mutex> lock(mail.mutex);
	while (isGood && !mail.isOver) {
		if (mail.lines.empty()) {
			mail.arrived.wait(lock);
			continue;
		}
		std::string line = mail.lines.front();
		mail.lines.pop_front();
		lock.unlock();
		isGood = capture.obey(line, failure);
		lock.lock();
	}
	if (isGood && mail.failure) {
		isGood = false;
		failure = *mail.failure;
	}
	lock.unlock();
	if (!isGood)
		emitError(failure.code, failure.message);
	// A camera that does not stop is left to the system.
	std::thread([] {
		sleep(stopSeconds);
		_exit(hung);
	}).detach();
	delete &capture;
	return isGood ? 0 : failed;
}

} // namespace

int main(int argc, char *argv[])
{
	signal(SIGPIPE, SIG_IGN);
	const std::string word = argc > 1 ? argv[1] : "";
	if (word == "version") {
		printf("%s\n", json::Object().add("libcamera", libcameraVersion()).add("protocol", protocolVersion).str().c_str());
		return 0;
	}
	if (word == "list")
		return list();
	Pairs pairs;
	bool isGood = word == "stream";
	for (int i = 2; i < argc; i++)
		isGood = isGood && parsePair(argv[i], pairs);
	if (!isGood) {
		fprintf(stderr, "usage: %s version | list | stream name=value …\n", argv[0]);
		return badUsage;
	}
	prepareOutput();
	int code = stream(pairs);
	// Threads that wait for their descriptors are not waited for.
	fflush(stdout);
	_exit(code);
}
