/** Whether the tests run on a host of their own, in the VM of `npm run test:vm`: nodes are its own engine. */
export const isVmHost = process.env.BERTH_TEST_HOST === "1";
