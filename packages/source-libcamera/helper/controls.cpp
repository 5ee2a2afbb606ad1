#include "controls.h"

#include "json.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace libcamera;

namespace {

// Names of the values of libcamera's enumerations, in their order from 0.
const char *const meteringModes[] = { "centre-weighted", "spot", "matrix", "custom" };
const char *const exposureModes[] = { "normal", "short", "long", "custom" };
const char *const awbModes[] = { "auto", "incandescent", "tungsten", "fluorescent", "indoor", "daylight", "cloudy", "custom" };
const char *const focusModes[] = { "manual", "auto", "continuous" };
const char *const focusRanges[] = { "normal", "macro", "full" };
const char *const focusSpeeds[] = { "normal", "fast" };
const char *const noiseReductions[] = { "off", "fast", "high-quality", "minimal", "zsl" };
#if LIBCAMERA_AT_LEAST(0, 4)
const char *const hdrModes[] = { "off", "multi-exposure-unmerged", "multi-exposure", "single-exposure", "night" };
#endif

// More makes a picture of a handful of pixels.
constexpr double maxZoom = 16;

template<typename T, size_t N>
constexpr unsigned countOf(T (&)[N]) { return N; }

bool scalar(const ControlValue &value, double &out)
{
	if (value.isNone() || (value.isArray() && value.numElements() == 0))
		return false;
	// Of an array the first element; the bounds of all are the same.
	const uint8_t *data = value.data().data();
	switch (value.type()) {
	case ControlTypeBool:
		out = *reinterpret_cast<const bool *>(data);
		return true;
	case ControlTypeByte:
		out = *data;
		return true;
	case ControlTypeInteger32:
		out = *reinterpret_cast<const int32_t *>(data);
		return true;
	case ControlTypeInteger64:
		out = static_cast<double>(*reinterpret_cast<const int64_t *>(data));
		return true;
	case ControlTypeFloat:
		out = *reinterpret_cast<const float *>(data);
		return std::isfinite(out);
	default:
		return false;
	}
}

Rectangle rectangle(const ControlValue &value)
{
	if (value.type() != ControlTypeRectangle || value.data().empty())
		return {};
	return *reinterpret_cast<const Rectangle *>(value.data().data());
}

int toInt(double value) { return static_cast<int>(std::lround(value)); }

} // namespace

std::string ControlSpec::json() const
{
	json::Object out;
	out.add("name", name).add("type", type);
	if (type == "boolean") {
		out.flag("default", fallback != 0);
	} else if (type == "enum") {
		out.raw("values", json::array(values, json::text)).add("default", values[static_cast<size_t>(fallback)]);
	} else {
		out.add("minimum", minimum).add("maximum", maximum).add("default", fallback);
	}
	return out.str();
}

std::string ControlSpec::accept(const std::string &text) const
{
	if (type == "enum")
		return std::find(values.begin(), values.end(), text) == values.end() ? "" : json::text(text);
	if (type == "boolean")
		return text == "true" || text == "false" ? text : "";
	double value;
	if (!parseNumber(text, value) || (type == "integer" && value != std::floor(value)))
		return "";
	// The bounds were rounded on their way to who asks, too.
	double slack = std::max(std::fabs(minimum), std::fabs(maximum)) * 1e-6;
	if (value < minimum - slack || value > maximum + slack)
		return "";
	return json::number(std::min(std::max(value, minimum), maximum));
}

std::string ControlSpec::wanted() const
{
	if (type == "boolean")
		return "true or false";
	if (type == "enum") {
		std::string out = "one of ";
		for (const std::string &value : values)
			out += (&value == &values.front() ? "" : ", ") + value;
		return out;
	}
	return std::string(type == "integer" ? "a whole number" : "a number") + " from " + json::number(minimum) + " to " +
	       json::number(maximum);
}

CameraControls::CameraControls(const ControlInfoMap &offered, Size size) : offered_(offered), size_(size)
{
#if LIBCAMERA_AT_LEAST(0, 4)
	addMode("autoExposure", controls::ExposureTimeMode);
	if (!offers("autoExposure"))
		addBool("autoExposure", controls::AeEnable);
#else
	addBool("autoExposure", controls::AeEnable);
#endif
	addNumber("exposureTimeUs", controls::ExposureTime, true);
#if LIBCAMERA_AT_LEAST(0, 4)
	addMode("autoGain", controls::AnalogueGainMode);
#endif
	addNumber("gain", controls::AnalogueGain);
	addNumber("exposureValue", controls::ExposureValue);
	addEnum("meteringMode", controls::AeMeteringMode, meteringModes, countOf(meteringModes));
	addEnum("exposureMode", controls::AeExposureMode, exposureModes, countOf(exposureModes));
	addBool("autoWhiteBalance", controls::AwbEnable);
	addEnum("awbMode", controls::AwbMode, awbModes, countOf(awbModes));
	addNumber("brightness", controls::Brightness);
	addNumber("contrast", controls::Contrast);
	addNumber("saturation", controls::Saturation);
	addNumber("sharpness", controls::Sharpness);
	addEnum("noiseReduction", controls::draft::NoiseReductionMode, noiseReductions, countOf(noiseReductions));
#if LIBCAMERA_AT_LEAST(0, 4)
	addEnum("hdr", controls::HdrMode, hdrModes, countOf(hdrModes));
#endif
	addEnum("focusMode", controls::AfMode, focusModes, countOf(focusModes));
	addEnum("focusRange", controls::AfRange, focusRanges, countOf(focusRanges));
	addEnum("focusSpeed", controls::AfSpeed, focusSpeeds, countOf(focusSpeeds));
	addNumber("lensPosition", controls::LensPosition);
	addShared();
}

void CameraControls::addShared()
{
	if (has(controls::ColourGains)) {
		double low = 0, high = 32, value = 1;
		const ControlInfo &info = offered_.at(&controls::ColourGains);
		scalar(info.min(), low);
		scalar(info.max(), high);
		for (const char *name : { "redGain", "blueGain" })
			specs_.push_back({ name, "number", low, high, std::min(std::max(value, low), high), {} });
	}
	if (has(controls::ScalerCrop)) {
		const ControlInfo &info = offered_.at(&controls::ScalerCrop);
		widest_ = rectangle(info.max());
		Rectangle narrowest = rectangle(info.min());
		double zoom = maxZoom;
		if (narrowest.width > 0 && narrowest.height > 0)
			zoom = std::min({ zoom, double(widest_.width) / narrowest.width, double(widest_.height) / narrowest.height });
		if (widest_.width > 0 && widest_.height > 0 && zoom > 1) {
			specs_.push_back({ "zoom", "number", 1, zoom, 1, {} });
			addFraction("zoomX", 0.5);
			addFraction("zoomY", 0.5);
		}
	}
	if (has(controls::AfWindows) && has(controls::AfMetering)) {
		addFraction("focusX", 0);
		addFraction("focusY", 0);
		addFraction("focusWidth", 1);
		addFraction("focusHeight", 1);
	}
}

const ControlSpec *CameraControls::find(const std::string &name) const
{
	for (const ControlSpec &spec : specs_)
		if (spec.name == name)
			return &spec;
	return nullptr;
}

void CameraControls::addNumber(const char *name, const ControlId &id, bool isWhole)
{
	double low, high, value;
	if (!has(id))
		return;
	const ControlInfo &info = offered_.at(&id);
	if (!scalar(info.min(), low) || !scalar(info.max(), high) || low >= high)
		return;
	if (!scalar(info.def(), value) || value < low || value > high)
		value = std::min(std::max(0.0, low), high);
	specs_.push_back({ name, isWhole ? "integer" : "number", low, high, value, {} });
	plain_[name] = { &id, nullptr, false };
}

void CameraControls::addBool(const char *name, const ControlId &id)
{
	if (!has(id))
		return;
	const ControlInfo &info = offered_.at(&id);
	double low = 0, high = 1, value = 1;
	scalar(info.min(), low);
	scalar(info.max(), high);
	if (low == high)
		return;
	scalar(info.def(), value);
	specs_.push_back({ name, "boolean", 0, 1, value, {} });
	plain_[name] = { &id, nullptr, false };
}

void CameraControls::addMode(const char *name, const ControlId &id)
{
	if (!has(id))
		return;
	const std::vector<ControlValue> &values = offered_.at(&id).values();
	double low = 0, high = 1;
	if (values.empty()) {
		scalar(offered_.at(&id).min(), low);
		scalar(offered_.at(&id).max(), high);
	}
	if (values.size() == 1 || low == high)
		return;
	specs_.push_back({ name, "boolean", 0, 1, 1, {} });
	plain_[name] = { &id, nullptr, true };
}

void CameraControls::addEnum(const char *name, const ControlId &id, const char *const *names, unsigned count)
{
	if (!has(id))
		return;
	const ControlInfo &info = offered_.at(&id);
	std::set<unsigned> numbers;
	double number;
	for (const ControlValue &value : info.values())
		if (scalar(value, number))
			numbers.insert(static_cast<unsigned>(number));
	double low, high;
	if (numbers.empty() && scalar(info.min(), low) && scalar(info.max(), high))
		for (double i = low; i <= high && i < count; i++)
			numbers.insert(static_cast<unsigned>(i));
	ControlSpec spec{ name, "enum", 0, 0, 0, {} };
	double fallback = -1;
	scalar(info.def(), fallback);
	for (unsigned i : numbers) {
		if (i >= count)
			continue;
		if (i == fallback)
			spec.fallback = static_cast<double>(spec.values.size());
		spec.values.push_back(names[i]);
	}
	if (spec.values.size() < 2)
		return;
	specs_.push_back(spec);
	plain_[name] = { &id, names, false };
}

void CameraControls::addFraction(const char *name, double fallback)
{
	specs_.push_back({ name, "number", 0, 1, fallback, {} });
}

bool CameraControls::apply(const Pairs &pairs, ControlList &list, std::string &error)
{
	for (const auto &[name, text] : pairs) {
		const ControlSpec *spec = find(name);
		if (!spec) {
			error = "this camera has no control \"" + name + "\"";
			return false;
		}
		if (spec->accept(text).empty()) {
			error = name + " cannot be \"" + text + "\": " + spec->wanted() + " is needed";
			return false;
		}
	}
	ControlList wanted(list);
	Shared shared = shared_;
	for (const auto &[name, text] : pairs)
		put(name, text, wanted, shared);
	putShared(pairs, wanted, shared);
	shared_ = shared;
	list = wanted;
	return true;
}

// `text` has been found allowed.
void CameraControls::put(const std::string &name, const std::string &text, ControlList &list, Shared &shared)
{
	double value;
	if (!parseNumber(text, value))
		value = text == "true";
	const std::map<std::string, double *> fields = {
		{ "redGain", &shared.redGain }, { "blueGain", &shared.blueGain }, { "zoom", &shared.zoom },
		{ "zoomX", &shared.zoomX }, { "zoomY", &shared.zoomY }, { "focusX", &shared.focusX },
		{ "focusY", &shared.focusY }, { "focusWidth", &shared.focusWidth }, { "focusHeight", &shared.focusHeight }
	};
	auto field = fields.find(name);
	if (field != fields.end()) {
		*field->second = value;
		return;
	}
	const Plain &plain = plain_.at(name);
	if (plain.names)
		while (text != plain.names[toInt(value)])
			value++;
	// libcamera has 0 for automatic and 1 for manual.
	if (plain.isMode)
		value = value != 0 ? 0 : 1;
	set(list, *plain.id, value);

	if (name == "exposureTimeUs") {
		setManual(list, "autoExposure");
	} else if (name == "gain") {
		setManual(list, offers("autoGain") ? "autoGain" : "autoExposure");
	} else if (name == "focusMode" && value == controls::AfModeAuto && has(controls::AfTrigger)) {
		// In this mode the lens moves only when told to.
		set(list, controls::AfTrigger, controls::AfTriggerStart);
	} else if (name == "lensPosition" && has(controls::AfMode)) {
		// The lens can be placed in manual mode only.
		set(list, controls::AfMode, controls::AfModeManual);
	}
}

void CameraControls::set(ControlList &list, const ControlId &id, double value)
{
	if (id.type() == ControlTypeFloat)
		list.set(id.id(), ControlValue(static_cast<float>(value)));
	else if (id.type() == ControlTypeBool)
		list.set(id.id(), ControlValue(value != 0));
	else
		list.set(id.id(), ControlValue(static_cast<int32_t>(toInt(value))));
}

void CameraControls::setManual(ControlList &list, const std::string &name)
{
	auto plain = plain_.find(name);
	if (plain != plain_.end())
		set(list, *plain->second.id, plain->second.isMode ? 1 : 0);
}

void CameraControls::putShared(const Pairs &pairs, ControlList &list, const Shared &shared)
{
	auto names = [&pairs](std::initializer_list<const char *> wanted) {
		for (const auto &pair : pairs)
			for (const char *name : wanted)
				if (pair.first == name)
					return true;
		return false;
	};
	if (names({ "redGain", "blueGain" })) {
		if (has(controls::AwbEnable))
			list.set(controls::AwbEnable, false);
		const float gains[2] = { static_cast<float>(shared.redGain), static_cast<float>(shared.blueGain) };
		list.set(controls::ColourGains, Span<const float, 2>(gains));
	}
	if (names({ "zoom", "zoomX", "zoomY" }))
		list.set(controls::ScalerCrop, crop(shared));
	if (names({ "focusX", "focusY", "focusWidth", "focusHeight" })) {
		bool isWhole = shared.focusWidth >= 1 && shared.focusHeight >= 1;
		list.set(controls::AfMetering,
			 static_cast<int32_t>(isWhole ? controls::AfMeteringAuto : controls::AfMeteringWindows));
		// Windows are in the coordinates of the sensor, like the crop.
		Rectangle seen = crop(shared);
		Rectangle window(seen.x + toInt(shared.focusX * seen.width), seen.y + toInt(shared.focusY * seen.height),
				 static_cast<unsigned>(std::max(1, toInt(std::min(shared.focusWidth, 1 - shared.focusX) * seen.width))),
				 static_cast<unsigned>(std::max(1, toInt(std::min(shared.focusHeight, 1 - shared.focusY) * seen.height))));
		if (!isWhole)
			list.set(controls::AfWindows, Span<const Rectangle>(&window, 1));
	}
}

// What is seen of the sensor: the largest part in the shape of the picture, made smaller by the zoom, and moved.
Rectangle CameraControls::crop(const Shared &shared) const
{
	double width = widest_.width, height = widest_.height;
	if (size_.width > 0 && size_.height > 0) {
		width = std::min(width, height * size_.width / size_.height);
		height = std::min(height, width * size_.height / size_.width);
	}
	width /= shared.zoom;
	height /= shared.zoom;
	return Rectangle(widest_.x + toInt((widest_.width - width) * shared.zoomX),
			 widest_.y + toInt((widest_.height - height) * shared.zoomY), static_cast<unsigned>(toInt(width)),
			 static_cast<unsigned>(toInt(height)));
}

std::map<std::string, std::string> CameraControls::valuesOf(const Pairs &pairs) const
{
	std::map<std::string, std::string> out;
	for (const auto &[name, text] : pairs) {
		const ControlSpec *spec = find(name);
		if (spec)
			out[name] = spec->accept(text);
		// What is set by hand is automatic no more.
		const char *other = name == "exposureTimeUs" ? "autoExposure" :
				    name == "gain"	     ? "autoGain" :
				    name == "redGain" || name == "blueGain" ? "autoWhiteBalance" : nullptr;
		if (other && offers(other))
			out[other] = "false";
		if (name == "lensPosition" && offers("focusMode"))
			out["focusMode"] = json::text("manual");
	}
	return out;
}

std::map<std::string, std::string> CameraControls::valuesOf(const ControlList &metadata) const
{
	std::map<std::string, std::string> out;
	auto number = [&](const char *name, const ControlId &id, size_t place = 0) {
		if (!metadata.contains(id.id()))
			return;
		const ControlValue &value = metadata.get(id.id());
		double read;
		if (value.type() == ControlTypeFloat && value.isArray()) {
			Span<const float> all = value.get<Span<const float>>();
			if (place < all.size())
				out[name] = json::number(all[place]);
		} else if (scalar(value, read)) {
			out[name] = json::number(read);
		}
	};
	number("exposureTimeUs", controls::ExposureTime);
	number("gain", controls::AnalogueGain);
	number("redGain", controls::ColourGains, 0);
	number("blueGain", controls::ColourGains, 1);
	number("lensPosition", controls::LensPosition);
	if (metadata.contains(controls::ScalerCrop.id()) && offers("zoom")) {
		Rectangle seen = rectangle(metadata.get(controls::ScalerCrop.id()));
		Shared all;
		if (seen.width > 0)
			out["zoom"] = json::number(std::max(1.0, double(crop(all).width) / seen.width));
	}
	return out;
}

bool CameraControls::frameDurations(double &shortest, double &longest) const
{
	if (!has(controls::FrameDurationLimits))
		return false;
	const ControlInfo &info = offered_.at(&controls::FrameDurationLimits);
	return scalar(info.min(), shortest) && scalar(info.max(), longest) && shortest > 0 && longest >= shortest;
}

void CameraControls::setFrameDuration(ControlList &list, double microseconds)
{
	const int64_t duration = std::llround(microseconds);
	const int64_t limits[2] = { duration, duration };
	list.set(controls::FrameDurationLimits, Span<const int64_t, 2>(limits));
}
