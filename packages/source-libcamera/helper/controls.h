// What can be changed while the camera runs, under our names, with the ranges that this very camera offers.
#pragma once

#include "command.h"

#include <libcamera/control_ids.h>
#include <libcamera/controls.h>
#include <libcamera/geometry.h>
#include <libcamera/version.h>

#include <map>
#include <string>
#include <vector>

// Which of libcamera's interfaces there are.
#define LIBCAMERA_AT_LEAST(major, minor) \
	(LIBCAMERA_VERSION_MAJOR > (major) || (LIBCAMERA_VERSION_MAJOR == (major) && LIBCAMERA_VERSION_MINOR >= (minor)))

struct ControlSpec {
	std::string name;
	// integer, number, boolean or enum
	std::string type;
	double minimum = 0;
	double maximum = 0;
	// Of a boolean 0 or 1, of an enum the place in `values`.
	double fallback = 0;
	std::vector<std::string> values;

	std::string json() const;
	// The JSON of `text` when it is a value that is allowed, else empty.
	std::string accept(const std::string &text) const;
	// What would be.
	std::string wanted() const;
};

class CameraControls
{
public:
	// `size` is that of the picture, for the shape of the crop.
	CameraControls(const libcamera::ControlInfoMap &offered, libcamera::Size size);

	const std::vector<ControlSpec> &specs() const { return specs_; }
	bool offers(const std::string &name) const { return find(name) != nullptr; }

	// Puts what `pairs` ask for into `list`, all or nothing: false, with what is wrong in `error`, when one of them is not to be had.
	bool apply(const Pairs &pairs, libcamera::ControlList &list, std::string &error);
	// What `pairs` set, as the members of a JSON object.
	std::map<std::string, std::string> valuesOf(const Pairs &pairs) const;
	// What a frame was taken with, as the members of a JSON object.
	std::map<std::string, std::string> valuesOf(const libcamera::ControlList &metadata) const;

	// Duration of a frame that the camera offers, microseconds; false when that cannot be asked for.
	bool frameDurations(double &shortest, double &longest) const;
	static void setFrameDuration(libcamera::ControlList &list, double microseconds);

private:
	// What several of our names make together.
	struct Shared {
		double redGain = 1, blueGain = 1;
		double zoom = 1, zoomX = 0.5, zoomY = 0.5;
		double focusX = 0, focusY = 0, focusWidth = 1, focusHeight = 1;
	};

	// What libcamera has for one name of ours.
	struct Plain {
		const libcamera::ControlId *id;
		// Of its values, for an enum.
		const char *const *names;
		// Automatic or manual, which is a boolean for us.
		bool isMode;
	};

	const ControlSpec *find(const std::string &name) const;
	void addNumber(const char *name, const libcamera::ControlId &id, bool isWhole = false);
	void addBool(const char *name, const libcamera::ControlId &id);
	void addMode(const char *name, const libcamera::ControlId &id);
	void addEnum(const char *name, const libcamera::ControlId &id, const char *const *names, unsigned count);
	void addFraction(const char *name, double fallback);
	void addShared();
	void put(const std::string &name, const std::string &text, libcamera::ControlList &list, Shared &shared);
	static void set(libcamera::ControlList &list, const libcamera::ControlId &id, double value);
	void setManual(libcamera::ControlList &list, const std::string &name);
	void putShared(const Pairs &pairs, libcamera::ControlList &list, const Shared &shared);
	libcamera::Rectangle crop(const Shared &shared) const;
	bool has(const libcamera::ControlId &id) const { return offered_.find(&id) != offered_.end(); }

	libcamera::ControlInfoMap offered_;
	libcamera::Size size_;
	libcamera::Rectangle widest_;
	std::vector<ControlSpec> specs_;
	std::map<std::string, Plain> plain_;
	Shared shared_;
};
