// A camera at work: configured, started, told things, changed and stopped.
#pragma once

#include "buffers.h"
#include "command.h"
#include "controls.h"
#include "frame-path.h"

#include <libcamera/camera.h>
#include <libcamera/camera_manager.h>
#include <libcamera/request.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// What one can be told to do, by `name=value`.
struct Settings {
	std::string camera = "0";
	unsigned width = 640;
	unsigned height = 480;
	// Frames per second; 0 takes what the camera gives.
	double framerate = 30;
	int quality = 80;
	bool jpeg = true;
	// Degrees, clockwise.
	int rotation = 0;
	bool flipHorizontal = false;
	bool flipVertical = false;
	// Not to be asked of the camera: some say that they do it, and do not.
	bool turnedByHelper = false;
	unsigned threads = 2;
	// Ends after so many; 0 never does.
	long frames = 0;

	// Takes those of `pairs` that are settings, and leaves the others there. False, with what is wrong in `error`.
	bool take(Pairs &pairs, std::string &error);
};

// What cannot be done, with a code of `emitError`.
struct Failure {
	const char *code;
	std::string message;
};

class Capture : public PictureOwner
{
public:
	// `onEnd` is called once, from any thread, with what went wrong, or with null.
	Capture(const Settings &settings, std::function<void(const Failure *)> onEnd);
	~Capture();

	// Finds and takes the camera, and captures, with these controls as far as it has them.
	bool start(const Pairs &controls, Failure &failure);
	// Does what a line asks for, and answers with an event. False when capturing had to be given up.
	bool obey(const std::string &line, Failure &failure);

private:
	struct Slot {
		std::unique_ptr<libcamera::Request> request;
		// Numbers of the changes that the frame in it is the first with, and what they set.
		std::vector<std::string> changes;
		Pairs changed;
	};

	bool configure(const Settings &wanted, Failure &failure);
	bool begin(Failure &failure);
	void end();
	Turn turnFor(const Settings &wanted, libcamera::CameraConfiguration &config);
	bool reconfigure(const std::string &id, const Settings &wanted, Failure &failure);
	void sayReady();
	std::string specsJson() const;
	std::string valuesJson() const;
	void askForRate(libcamera::ControlList &list);

	void onCompleted(libcamera::Request *request);
	void onDisconnected();
	void sayApplied(const std::vector<std::string> &ids, const std::map<std::string, std::string> &seen, uint64_t sequence);
	void sayMetadata(const std::map<std::string, std::string> &seen);
	uint64_t timestampOf(libcamera::Request *request, const libcamera::FrameMetadata &metadata) const;
	bool isEarly(uint64_t timestampUs);

	void beginRead(unsigned slot) override { buffers_->beginRead(slot); }
	void endRead(unsigned slot) override { buffers_->endRead(slot); }
	void release(unsigned slot) override;
	void ended(bool byReader) override;
	void queue(unsigned slot);
	void pace();
	int64_t periodUs() const;

	Settings settings_;
	std::function<void(const Failure *)> onEnd_;
	std::unique_ptr<libcamera::CameraManager> manager_;
	std::shared_ptr<libcamera::Camera> camera_;
	std::unique_ptr<libcamera::CameraConfiguration> config_;
	std::unique_ptr<Buffers> buffers_;
	Layout layout_ = Layout::Yuv420p;
	bool isAcquired_ = false;

	std::mutex mutex_;
	std::condition_variable changed_;
	std::vector<Slot> slots_;
	std::unique_ptr<CameraControls> controls_;
	// What the next request takes along.
	libcamera::ControlList pending_;
	std::vector<std::string> pendingChanges_;
	Pairs pendingPairs_;
	// All that was set, to be set again when the camera is configured anew.
	Pairs lasting_;
	bool isRunning_ = false;
	bool isStopping_ = false;
	uint64_t sequence_ = 0;
	// What libcamera's own sequence, which begins anew with each start, is behind ours.
	uint64_t sequenceOffset_ = 0;
	bool isFirst_ = true;

	// Some cameras give pictures as fast as they are asked for; those are asked in time. `early_` counts what came too soon, in a row.
	bool isPaced_ = false;
	std::deque<unsigned> resting_;
	std::thread pacer_;
	uint64_t lastTimestampUs_ = 0;
	unsigned early_ = 0;

	std::map<std::string, std::string> saidMetadata_;
	uint64_t saidMetadataUs_ = 0;

	// Last, so that its threads end first.
	std::unique_ptr<FramePath> path_;
};

uint64_t monotonicUs();
// `0.7.1`
std::string libcameraVersion();
// Finds one by its number, its id, or a part of its id or model.
std::shared_ptr<libcamera::Camera> findCamera(libcamera::CameraManager &manager, const std::string &wanted, Failure &failure);
std::string modelOf(const libcamera::Camera &camera);
