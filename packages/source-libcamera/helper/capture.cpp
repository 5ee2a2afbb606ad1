#include "capture.h"

#include "output.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>

#include <libcamera/control_ids.h>
#include <libcamera/formats.h>
#include <libcamera/property_ids.h>
#include <libcamera/transform.h>

#if __has_include(<libcamera/orientation.h>)
#include <libcamera/orientation.h>
#define HAS_ORIENTATION 1
#else
#define HAS_ORIENTATION 0
#endif

using namespace libcamera;

namespace {

// Which of the formats that a camera offers is taken: planes before pairs before what must be converted. Cameras that only have MJPEG or
// that have nothing else in this size give that.
const PixelFormat preferred[] = { formats::YUV420, formats::NV12, formats::YUYV, formats::MJPEG };

// Beside those in the hands of the encoders, so that the camera always has some to fill.
constexpr unsigned cameraBuffers = 4;

// A timestamp further back than this is of another clock.
constexpr uint64_t maxAgeUs = 10'000'000;

// Between two events about what frames were taken with.
constexpr uint64_t metadataPauseUs = 250'000;

// Frames in a row that come too early before we ask for them in time ourselves.
constexpr unsigned maxEarly = 4;

uint64_t clockUs(clockid_t clock)
{
	timespec now;
	clock_gettime(clock, &now);
	return uint64_t(now.tv_sec) * 1'000'000 + uint64_t(now.tv_nsec) / 1000;
}

// What is asked for: turned first, mirrored then.
Turn turnOf(const Settings &settings)
{
	Turn turn;
	turn.transpose = settings.rotation == 90 || settings.rotation == 270;
	turn.flipX = settings.rotation == 180 || settings.rotation == 270;
	turn.flipY = settings.rotation == 90 || settings.rotation == 180;
	// Across the transposition the two mirrors change places.
	if (settings.flipHorizontal)
		(turn.transpose ? turn.flipY : turn.flipX) ^= true;
	if (settings.flipVertical)
		(turn.transpose ? turn.flipX : turn.flipY) ^= true;
	return turn;
}

Transform transformOf(const Turn &turn)
{
	int bits = (turn.flipX ? 1 : 0) | (turn.flipY ? 2 : 0) | (turn.transpose ? 4 : 0);
	return static_cast<Transform>(bits);
}

#if HAS_ORIENTATION
Turn turnOf(int bits)
{
	return { (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0 };
}
#endif

std::string withCause(const char *what, int error)
{
	return std::string(what) + ": " + strerror(std::abs(error));
}

} // namespace

std::string libcameraVersion()
{
	std::string version = CameraManager::version();
	return version.substr(version.find_first_not_of('v'));
}

uint64_t monotonicUs() { return clockUs(CLOCK_MONOTONIC); }

bool Settings::take(Pairs &pairs, std::string &error)
{
	Pairs others;
	for (const auto &[name, text] : pairs) {
		long whole = 0;
		double number = 0;
		bool isWhole = parseWhole(text, whole), good = true;
		auto within = [&](long low, long high) { return isWhole && whole >= low && whole <= high; };
		if (name == "camera")
			camera = text;
		else if (name == "width" && (good = within(16, 16384)))
			width = static_cast<unsigned>(whole);
		else if (name == "height" && (good = within(16, 16384)))
			height = static_cast<unsigned>(whole);
		else if (name == "framerate" && (good = parseNumber(text, number) && number >= 0 && number <= 1000))
			framerate = number;
		else if (name == "quality" && (good = within(1, 100)))
			quality = static_cast<int>(whole);
		else if (name == "threads" && (good = within(1, 4)))
			threads = static_cast<unsigned>(whole);
		else if (name == "frames" && (good = within(0, 1'000'000'000)))
			frames = whole;
		else if (name == "rotation" && (good = within(0, 270) && whole % 90 == 0))
			rotation = static_cast<int>(whole);
		else if (name == "flipHorizontal")
			good = parseBool(text, flipHorizontal);
		else if (name == "flipVertical")
			good = parseBool(text, flipVertical);
		else if (name == "turnedBy" && (good = text == "camera" || text == "helper"))
			turnedByHelper = text == "helper";
		else if (name == "output" && (good = text == "jpeg" || text == "raw"))
			jpeg = text == "jpeg";
		else if (good)
			others.emplace_back(name, text);
		if (!good) {
			error = name + " cannot be \"" + text + "\"";
			return false;
		}
	}
	pairs = others;
	return true;
}

std::string modelOf(const Camera &camera)
{
	auto model = camera.properties().get(properties::Model);
	return model ? std::string(*model) : camera.id();
}

std::shared_ptr<Camera> findCamera(CameraManager &manager, const std::string &wanted, Failure &failure)
{
	std::vector<std::shared_ptr<Camera>> cameras = manager.cameras();
	if (cameras.empty()) {
		failure = { "no-camera", "libcamera finds no camera" };
		return nullptr;
	}
	long place;
	if (parseWhole(wanted, place) && place >= 0 && place < static_cast<long>(cameras.size()))
		return cameras[static_cast<size_t>(place)];
	for (const auto &camera : cameras)
		if (camera->id() == wanted)
			return camera;
	for (const auto &camera : cameras)
		if (camera->id().find(wanted) != std::string::npos || modelOf(*camera).find(wanted) != std::string::npos)
			return camera;
	std::string known;
	for (size_t i = 0; i < cameras.size(); i++)
		known += (i ? ", " : "") + std::to_string(i) + ": " + modelOf(*cameras[i]) + " (" + cameras[i]->id() + ")";
	failure = { "not-found", "there is no camera \"" + wanted + "\"; there are " + known };
	return nullptr;
}

Capture::Capture(const Settings &settings, std::function<void(const Failure *)> onEnd)
	: settings_(settings), onEnd_(std::move(onEnd))
{
}

Capture::~Capture()
{
	end();
	{
		std::lock_guard<std::mutex> lock(mutex_);
		isStopping_ = true;
	}
	changed_.notify_all();
	if (pacer_.joinable())
		pacer_.join();
	path_.reset();
	slots_.clear();
	buffers_.reset();
	if (camera_ && isAcquired_) {
		camera_->requestCompleted.disconnect(this);
		camera_->disconnected.disconnect(this);
		camera_->release();
	}
	config_.reset();
	camera_.reset();
	if (manager_)
		manager_->stop();
}

bool Capture::start(const Pairs &controls, Failure &failure)
{
	lasting_ = controls;
	manager_ = std::make_unique<CameraManager>();
	int error = manager_->start();
	if (error) {
		failure = { error == -EACCES || error == -EPERM ? "permission" : "failed", withCause("libcamera does not start", error) };
		manager_.reset();
		return false;
	}
	camera_ = findCamera(*manager_, settings_.camera, failure);
	if (!camera_)
		return false;
	error = camera_->acquire();
	if (error) {
		std::string name = modelOf(*camera_) + " (" + camera_->id() + ")";
		failure = error == -EBUSY ? Failure{ "busy", "camera " + name + " is in use by another program" } :
					    Failure{ "failed", withCause(("cannot take camera " + name).c_str(), error) };
		return false;
	}
	isAcquired_ = true;
	camera_->requestCompleted.connect(this, &Capture::onCompleted);
	camera_->disconnected.connect(this, &Capture::onDisconnected);
	path_ = std::make_unique<FramePath>(*this, settings_.threads, settings_.frames);
	pacer_ = std::thread([this] { pace(); });
	return configure(settings_, failure) && begin(failure);
}

bool Capture::configure(const Settings &wanted, Failure &failure)
{
#if LIBCAMERA_AT_LEAST(0, 1)
	const std::vector<StreamRole> roles = { StreamRole::VideoRecording };
#else
	const StreamRoles roles = { StreamRole::VideoRecording };
#endif
	std::unique_ptr<CameraConfiguration> config = camera_->generateConfiguration(roles);
	if (!config || config->empty()) {
		failure = { "unsupported", "camera " + modelOf(*camera_) + " gives no video" };
		return false;
	}
	StreamConfiguration &stream = config->at(0);
	std::vector<PixelFormat> offered = stream.formats().pixelformats();
	auto format = std::find_if(std::begin(preferred), std::end(preferred), [&](const PixelFormat &candidate) {
		return std::find(offered.begin(), offered.end(), candidate) != offered.end();
	});
	if (format != std::end(preferred))
		stream.pixelFormat = *format;
	stream.size = { wanted.width & ~1u, wanted.height & ~1u };
	stream.bufferCount = wanted.threads + cameraBuffers;
	// What JPEG says of colours.
	stream.colorSpace = ColorSpace::Sycc;
	Turn turn = turnFor(wanted, *config);
	if (config->validate() == CameraConfiguration::Invalid) {
		failure = { "unsupported", "camera " + modelOf(*camera_) + " cannot give " + std::to_string(wanted.width) + "x" +
						   std::to_string(wanted.height) };
		return false;
	}
	Layout layout;
	if (!layoutOf(stream.pixelFormat, layout)) {
		failure = { "unsupported", "camera " + modelOf(*camera_) + " gives " + stream.pixelFormat.toString() +
						   ", which is none of YUV420, NV12, YUYV and MJPEG" };
		return false;
	}
	int error = camera_->configure(config.get());
	if (error) {
		failure = { "failed", withCause("the camera does not take its configuration", error) };
		return false;
	}
	buffers_ = std::make_unique<Buffers>();
	std::string reason;
	if (!buffers_->allocate(camera_, stream, stream.bufferCount, reason)) {
		failure = { "failed", reason };
		return false;
	}
	config_ = std::move(config);
	layout_ = layout;
	settings_ = wanted;
	if (layout == Layout::Mjpeg && !turn.isNone())
		fprintf(stderr, "this camera encodes by itself, so its pictures cannot be turned\n");
	path_->setOutput(wanted.jpeg, turn);
	path_->setQuality(wanted.quality);
	return true;
}

// Asks the camera to turn the picture, as far as cameras can, and says what is left for us.
Turn Capture::turnFor(const Settings &wanted, CameraConfiguration &config)
{
	Turn turn = turnOf(wanted);
	Transform transform = transformOf(turn);
#if HAS_ORIENTATION
	const Orientation desired = Orientation::Rotate0 * transform;
	config.orientation = turn.transpose || wanted.turnedByHelper ? Orientation::Rotate0 : desired;
	config.validate();
	for (int bits = 0; bits < 8; bits++)
		if (config.orientation * static_cast<Transform>(bits) == desired)
			return turnOf(bits);
	return turn;
#else
	bool isAsked = !turn.transpose && !wanted.turnedByHelper;
	config.transform = isAsked ? transform : Transform::Identity;
	config.validate();
	if (isAsked && config.transform == transform)
		return {};
	config.transform = Transform::Identity;
	return turn;
#endif
}

bool Capture::begin(Failure &failure)
{
	std::unique_lock<std::mutex> lock(mutex_);
	Stream *stream = config_->at(0).stream();
	slots_.clear();
	for (size_t i = 0; i < buffers_->size(); i++) {
		Slot slot;
		slot.request = camera_->createRequest(i);
		if (!slot.request || slot.request->addBuffer(stream, buffers_->buffer(i)) < 0) {
			failure = { "failed", "the camera does not take our memory" };
			return false;
		}
		slots_.push_back(std::move(slot));
	}
	controls_ = std::make_unique<CameraControls>(camera_->controls(), config_->at(0).size);
	ControlList initial(controls::controls);
	askForRate(initial);
	Pairs kept;
	for (const auto &pair : lasting_) {
		std::string error;
		if (controls_->apply({ pair }, initial, error))
			kept.push_back(pair);
		else
			emitEvent(json::Object().add("event", "refused").add("id", "start").add("message", error));
	}
	lasting_ = kept;
	pending_ = ControlList(controls::controls);
	resting_.clear();
	isFirst_ = true;
	early_ = 0;
	lastTimestampUs_ = 0;
	int error = camera_->start(&initial);
	if (error) {
		failure = { error == -EBUSY ? "busy" : "failed", withCause("the camera does not start", error) };
		return false;
	}
	isRunning_ = true;
	sayReady();
	for (unsigned i = 0; i < slots_.size(); i++) {
		if (isPaced_)
			resting_.push_back(i);
		else
			queue(i);
	}
	changed_.notify_all();
	return true;
}

void Capture::end()
{
	{
		std::lock_guard<std::mutex> lock(mutex_);
		if (!isRunning_)
			return;
		isRunning_ = false;
		resting_.clear();
	}
	changed_.notify_all();
	camera_->stop();
	path_->drain();
	// Changes that were on their way in a request that came to nothing: they hold from the next start on, and are answered then.
	std::lock_guard<std::mutex> lock(mutex_);
	for (Slot &slot : slots_) {
		pendingChanges_.insert(pendingChanges_.end(), slot.changes.begin(), slot.changes.end());
		pendingPairs_.insert(pendingPairs_.end(), slot.changed.begin(), slot.changed.end());
		slot.changes.clear();
		slot.changed.clear();
	}
}

bool Capture::obey(const std::string &line, Failure &failure)
{
	Command command;
	std::string error;
	if (!parseCommand(line, command, error)) {
		emitEvent(json::Object().add("event", "refused").add("message", error));
		return true;
	}
	std::string id = command.take("id");
	auto refuse = [&id](const std::string &message) {
		emitEvent(json::Object().add("event", "refused").add("id", id).add("message", message));
		return true;
	};
	if (command.word != "set")
		return refuse("there is no command \"" + command.word + "\"");
	Settings wanted = settings_;
	Pairs pairs = command.pairs;
	if (!wanted.take(pairs, error))
		return refuse(error);
	if (wanted.camera != settings_.camera || wanted.jpeg != settings_.jpeg || wanted.threads != settings_.threads ||
	    wanted.turnedByHelper != settings_.turnedByHelper ||
	    wanted.frames != settings_.frames)
		return refuse("that cannot be changed while capturing");
	double shortest, longest;
	if (wanted.framerate != settings_.framerate && controls_->frameDurations(shortest, longest) &&
	    (wanted.framerate * shortest > 1.001e6 || wanted.framerate * longest < 0.999e6))
		return refuse("framerate cannot be " + json::number(wanted.framerate) + ": from " + json::number(1e6 / longest) + " to " +
			      json::number(1e6 / shortest) + " is needed");
	{
		std::lock_guard<std::mutex> lock(mutex_);
		ControlList list(pending_);
		if (!controls_->apply(pairs, list, error))
			return refuse(error);
		bool isAnew = wanted.width != settings_.width || wanted.height != settings_.height || wanted.rotation != settings_.rotation ||
			      wanted.flipHorizontal != settings_.flipHorizontal || wanted.flipVertical != settings_.flipVertical;
		for (const auto &pair : pairs) {
			lasting_.erase(std::remove_if(lasting_.begin(), lasting_.end(),
						      [&pair](const auto &old) { return old.first == pair.first; }),
				       lasting_.end());
			lasting_.push_back(pair);
		}
		if (!isAnew) {
			if (wanted.framerate != settings_.framerate) {
				settings_.framerate = wanted.framerate;
				askForRate(list);
			}
			settings_.quality = wanted.quality;
			path_->setQuality(wanted.quality);
			pending_ = list;
			pendingChanges_.push_back(id);
			pendingPairs_.insert(pendingPairs_.end(), command.pairs.begin(), command.pairs.end());
			return true;
		}
	}
	return reconfigure(id, wanted, failure);
}

// Stops, configures and starts the camera; with what it had before, when it does not take that.
bool Capture::reconfigure(const std::string &id, const Settings &wanted, Failure &failure)
{
	const Settings before = settings_;
	end();
	slots_.clear();
	Failure refusal;
	bool isDone = configure(wanted, refusal) && begin(refusal);
	if (isDone) {
		sayApplied({ id }, {}, sequence_);
		return true;
	}
	slots_.clear();
	if (!configure(before, failure) || !begin(failure))
		return false;
	emitEvent(json::Object().add("event", "refused").add("id", id).add("message", refusal.message));
	return true;
}

void Capture::askForRate(ControlList &list)
{
	double shortest, longest;
	if (settings_.framerate <= 0 || !controls_->frameDurations(shortest, longest))
		return;
	double duration = 1e6 / settings_.framerate;
	CameraControls::setFrameDuration(list, std::min(std::max(duration, shortest), longest));
}

int64_t Capture::periodUs() const
{
	return settings_.framerate > 0 ? std::llround(1e6 / settings_.framerate) : 0;
}

std::string Capture::specsJson() const
{
	std::vector<ControlSpec> specs;
	double shortest = 1e6 / 240, longest = 1e7;
	controls_->frameDurations(shortest, longest);
	// Durations are whole microseconds, so that 30 frames per second would be out of a range from 30.0003.
	double lowest = std::floor(1e8 / longest) / 100, highest = std::ceil(1e8 / shortest) / 100;
	specs.push_back({ "framerate", "number", lowest, highest, std::min(std::max(30.0, lowest), highest), {} });
	if (settings_.jpeg && layout_ != Layout::Mjpeg)
		specs.push_back({ "quality", "integer", 1, 100, 80, {} });
	const StreamConfiguration &stream = config_->at(0);
	Size low = stream.size, high = stream.size;
	for (const Size &size : stream.formats().sizes(stream.pixelFormat)) {
		low = { std::min(low.width, size.width), std::min(low.height, size.height) };
		high = { std::max(high.width, size.width), std::max(high.height, size.height) };
	}
	SizeRange range = stream.formats().range(stream.pixelFormat);
	if (range.max.width > 0) {
		low = { std::min(low.width, range.min.width), std::min(low.height, range.min.height) };
		high = { std::max(high.width, range.max.width), std::max(high.height, range.max.height) };
	}
	specs.push_back({ "width", "integer", std::max(16.0, double(low.width)), double(high.width), double(stream.size.width), {} });
	specs.push_back({ "height", "integer", std::max(16.0, double(low.height)), double(high.height), double(stream.size.height), {} });
	if (layout_ != Layout::Mjpeg) {
		specs.push_back({ "rotation", "enum", 0, 0, 0, { "0", "90", "180", "270" } });
		specs.push_back({ "flipHorizontal", "boolean", 0, 1, 0, {} });
		specs.push_back({ "flipVertical", "boolean", 0, 1, 0, {} });
	}
	specs.insert(specs.end(), controls_->specs().begin(), controls_->specs().end());
	return json::array(specs, [](const ControlSpec &spec) { return spec.json(); });
}

std::string Capture::valuesJson() const
{
	json::Object out;
	out.add("framerate", settings_.framerate).add("quality", settings_.quality);
	out.add("width", config_->at(0).size.width).add("height", config_->at(0).size.height);
	out.add("rotation", std::to_string(settings_.rotation));
	out.flag("flipHorizontal", settings_.flipHorizontal).flag("flipVertical", settings_.flipVertical);
	for (const auto &[name, value] : controls_->valuesOf(lasting_))
		out.raw(name, value);
	return out.str();
}

void Capture::sayReady()
{
	const StreamConfiguration &stream = config_->at(0);
	json::Object out;
	out.add("event", "ready");
	out.add("libcamera", libcameraVersion());
	out.raw("camera", json::Object().add("id", camera_->id()).add("model", modelOf(*camera_)).str());
	out.add("width", stream.size.width & ~1u).add("height", stream.size.height & ~1u);
	out.add("pixelFormat", nameOf(layout_)).add("buffers", buffers_->kind());
	out.raw("controls", specsJson()).raw("values", valuesJson());
	emitEvent(out);
}

void Capture::sayApplied(const std::vector<std::string> &ids, const std::map<std::string, std::string> &seen, uint64_t sequence)
{
	json::Object values;
	for (const auto &[name, value] : seen)
		values.raw(name, value);
	for (const std::string &id : ids)
		emitEvent(json::Object().add("event", "applied").add("id", id).add("sequence", double(sequence)).raw("values", values.str()));
}

void Capture::onDisconnected()
{
	Failure failure{ "disconnected", "the camera was unplugged" };
	onEnd_(&failure);
}

void Capture::ended(bool byReader)
{
	Failure failure{ "failed", "nobody reads the frames" };
	onEnd_(byReader ? &failure : nullptr);
}

// Runs on a thread of libcamera's.
void Capture::onCompleted(Request *request)
{
	if (request->status() == Request::RequestCancelled)
		return;
	unsigned slot = static_cast<unsigned>(request->cookie());
	const FrameMetadata &metadata = request->buffers().begin()->second->metadata();
	std::unique_lock<std::mutex> lock(mutex_);
	if (!isRunning_)
		return;
	if (metadata.status != FrameMetadata::FrameSuccess) {
		queue(slot);
		return;
	}
	uint64_t timestampUs = timestampOf(request, metadata);
	if (isFirst_)
		sequenceOffset_ = sequence_ - metadata.sequence;
	isFirst_ = false;
	if (isEarly(timestampUs)) {
		// It was not asked for, so it is not missed either.
		sequenceOffset_--;
		lock.unlock();
		release(slot);
		return;
	}
	// libcamera 0.4 leaves the sequence of its virtual camera at 0.
	uint64_t sequence = std::max(metadata.sequence + sequenceOffset_, sequence_);
	sequence_ = sequence + 1;
	std::vector<std::string> changes = std::move(slots_[slot].changes);
	slots_[slot].changes.clear();
	std::map<std::string, std::string> seen = controls_->valuesOf(request->metadata());
	std::map<std::string, std::string> wanted = controls_->valuesOf(slots_[slot].changed);
	slots_[slot].changed.clear();
	bool isDue = !seen.empty() && timestampUs - saidMetadataUs_ > metadataPauseUs && seen != saidMetadata_;
	if (isDue) {
		saidMetadata_ = seen;
		saidMetadataUs_ = timestampUs;
	}
	Picture picture = buffers_->picture(slot, config_->at(0), layout_);
	picture.width &= ~1u;
	picture.height &= ~1u;
	lock.unlock();

	if (!changes.empty())
		sayApplied(changes, wanted, sequence);
	if (isDue)
		sayMetadata(seen);
	path_->push(slot, picture, sequence, timestampUs);
}

void Capture::sayMetadata(const std::map<std::string, std::string> &seen)
{
	json::Object values;
	for (const auto &[name, value] : seen)
		values.raw(name, value);
	emitEvent(json::Object().add("event", "metadata").raw("values", values.str()));
}

// libcamera says CLOCK_BOOTTIME; drivers give CLOCK_MONOTONIC, which is the same until the machine sleeps for the first time.
uint64_t Capture::timestampOf(Request *request, const FrameMetadata &metadata) const
{
	auto sensor = request->metadata().get(controls::SensorTimestamp);
	uint64_t us = (sensor ? static_cast<uint64_t>(*sensor) : metadata.timestamp) / 1000;
	uint64_t now = monotonicUs();
	auto isPlausible = [now](uint64_t time) { return time <= now && now - time < maxAgeUs; };
	if (isPlausible(us))
		return us;
	us -= clockUs(CLOCK_BOOTTIME) - now;
	return isPlausible(us) ? us : now;
}

// Whether a frame comes so soon after the one before that it is beyond the rate that was asked for. Notes when the camera keeps no rate at all.
bool Capture::isEarly(uint64_t timestampUs)
{
	int64_t period = periodUs();
	int64_t interval = int64_t(timestampUs - lastTimestampUs_);
	if (lastTimestampUs_ == 0 || interval >= period * 85 / 100)
		early_ = 0;
	else if (++early_ >= maxEarly)
		isPaced_ = true;
	bool isBeyond = lastTimestampUs_ != 0 && interval < period / 2;
	if (!isBeyond)
		lastTimestampUs_ = timestampUs;
	return isBeyond;
}

void Capture::release(unsigned slot)
{
	std::lock_guard<std::mutex> lock(mutex_);
	if (!isRunning_)
		return;
	if (isPaced_ && settings_.framerate > 0) {
		resting_.push_back(slot);
		changed_.notify_all();
	} else {
		queue(slot);
	}
}

// With the mutex held.
void Capture::queue(unsigned slot)
{
	Request *request = slots_[slot].request.get();
	request->reuse(Request::ReuseBuffers);
	if (!pendingChanges_.empty()) {
		request->controls().merge(pending_);
		pending_ = ControlList(controls::controls);
		slots_[slot].changes.swap(pendingChanges_);
		slots_[slot].changed.swap(pendingPairs_);
	}
	camera_->queueRequest(request);
}

void Capture::pace()
{
	using Clock = std::chrono::steady_clock;
	Clock::time_point due = Clock::now();
	std::unique_lock<std::mutex> lock(mutex_);
	while (!isStopping_) {
		if (!isRunning_ || resting_.empty()) {
			changed_.wait(lock);
			continue;
		}
		std::chrono::microseconds period(periodUs());
		if (Clock::now() < due) {
			changed_.wait_until(lock, due);
			continue;
		}
		unsigned slot = resting_.front();
		resting_.pop_front();
		queue(slot);
		// What was late is not made up for by a burst.
		due = std::max(due + period, Clock::now() + period / 2);
	}
}
