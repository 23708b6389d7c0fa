import { prepareVm } from "/work/v/scripts/test/vm.ts";

process.env.BERTH_CACHE = "/root/.cache/berth";
await prepareVm({ suite: "sid", store: "overlay2" });
