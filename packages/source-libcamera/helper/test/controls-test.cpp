// What a camera with every control would be told: the controls of a Camera Module 3, by hand, since the virtual camera has none. Reads lines of
// `name=value` pairs, and prints what libcamera would get for each; for `metadata`, what is told of a frame.
#include "command.h"
#include "controls.h"
#include "json.h"

#include <iostream>

using namespace libcamera;

static ControlInfoMap offered()
{
	const int32_t zero = 0;
	return ControlInfoMap(
		{
			{ &controls::AeEnable, ControlInfo(false, true, true) },
#if LIBCAMERA_AT_LEAST(0, 4)
			{ &controls::ExposureTimeMode,
			  ControlInfo(std::array<ControlValue, 2>{ { zero, int32_t(1) } }, zero) },
			{ &controls::AnalogueGainMode,
			  ControlInfo(std::array<ControlValue, 2>{ { zero, int32_t(1) } }, zero) },
			{ &controls::HdrMode, ControlInfo(std::array<ControlValue, 3>{ { zero, int32_t(3), int32_t(4) } }, zero) },
#endif
			{ &controls::ExposureTime, ControlInfo(int32_t(26), int32_t(220416802), int32_t(20000)) },
			{ &controls::AnalogueGain, ControlInfo(1.122807f, 16.0f, 1.0f) },
			{ &controls::ExposureValue, ControlInfo(-8.0f, 8.0f, 0.0f) },
			{ &controls::AeMeteringMode, ControlInfo(zero, int32_t(3), zero) },
			{ &controls::AwbEnable, ControlInfo(false, true) },
			{ &controls::AwbMode, ControlInfo(zero, int32_t(7), zero) },
			{ &controls::ColourGains, ControlInfo(0.0f, 32.0f) },
			{ &controls::Brightness, ControlInfo(-1.0f, 1.0f, 0.0f) },
			{ &controls::Contrast, ControlInfo(0.0f, 32.0f, 1.0f) },
			{ &controls::Saturation, ControlInfo(0.0f, 32.0f, 1.0f) },
			{ &controls::Sharpness, ControlInfo(0.0f, 16.0f, 1.0f) },
			{ &controls::draft::NoiseReductionMode, ControlInfo(zero, int32_t(4), zero) },
			{ &controls::AfMode, ControlInfo(zero, int32_t(2), zero) },
			{ &controls::AfRange, ControlInfo(zero, int32_t(2), zero) },
			{ &controls::AfSpeed, ControlInfo(zero, int32_t(1), zero) },
			{ &controls::AfTrigger, ControlInfo(zero, int32_t(1), zero) },
			{ &controls::AfMetering, ControlInfo(zero, int32_t(1), zero) },
			{ &controls::AfWindows, ControlInfo(Rectangle(), Rectangle(65535, 65535, 65535, 65535), Rectangle()) },
			{ &controls::LensPosition, ControlInfo(0.0f, 32.0f, 1.0f) },
			{ &controls::ScalerCrop, ControlInfo(Rectangle(0, 0, 288, 324), Rectangle(0, 0, 4608, 2592), Rectangle(576, 0, 3456, 2592)) },
			{ &controls::FrameDurationLimits, ControlInfo(int64_t(33333), int64_t(120000)) },
		},
		controls::controls);
}

int main()
{
	CameraControls camera(offered(), Size(640, 480));
	std::cout << json::array(camera.specs(), [](const ControlSpec &spec) { return spec.json(); }) << "\n";
	std::string line;
	while (std::getline(std::cin, line)) {
		Command command;
		std::string error;
		ControlList list(controls::controls);
		json::Object out;
		if (line == "metadata") {
			// As a camera tells with a frame what it was taken with.
			const float gains[2] = { 1.75f, 2.25f };
			list.set(controls::ExposureTime, 9998);
			list.set(controls::AnalogueGain, 2.5f);
			list.set(controls::ColourGains, Span<const float, 2>(gains));
			list.set(controls::LensPosition, 0.5f);
			list.set(controls::ScalerCrop, Rectangle(1440, 648, 1728, 1296));
			for (const auto &[name, value] : camera.valuesOf(list))
				out.raw(name, value);
			std::cout << out.str() << "\n";
			continue;
		}
		if (!parseCommand(line, command, error) || !camera.apply(command.pairs, list, error)) {
			std::cout << out.add("refused", error).str() << "\n";
			continue;
		}
		std::map<std::string, std::string> sorted;
		for (const auto &[id, value] : list)
			sorted[controls::controls.at(id)->name()] = value.toString();
		for (const auto &[name, value] : sorted)
			out.add(name, value);
		json::Object values;
		for (const auto &[name, value] : camera.valuesOf(command.pairs))
			values.raw(name, value);
		std::cout << out.raw("values", values.str()).str() << "\n";
	}
}
