// A worker of the JavaScript client: does what its topics are named after, and tells each step on a line.
import { BasicAuthInterceptor, Client, File, Variables } from "camunda-external-task-client-js";

const [baseUrl, username, password] = process.argv.slice(2);
const tell = (...words) => console.log(JSON.stringify(words));
const client = new Client({
  baseUrl,
  workerId: "js",
  maxTasks: 10,
  interval: 50,
  lockDuration: 20_000,
  asyncResponseTimeout: 5_000,
  autoPoll: false,
  interceptors: new BasicAuthInterceptor({ username, password }),
});

client.subscribe("charge", async ({ task, taskService }) => {
  const amount = task.variables.get("amount");
  tell("got", task.topicName, amount, typeof amount, task.variables.get("items"), task.businessKey);
  if (amount === 0) {
    await taskService.handleBpmnError(task, "NO_FUNDS", "nothing there", new Variables().set("balance", 0));
    return tell("error");
  }
  if (amount < 0) {
    await taskService.handleFailure(task, { errorMessage: "below zero", errorDetails: "a\nb", retries: 0 });
    return tell("failed");
  }
  await taskService.extendLock(task, 30_000);
  const found = new Variables()
    .setTyped("paid", { value: true, type: "boolean" })
    .setTyped("fee", { value: 1.5, type: "double" })
    .setTyped("count", { value: 7, type: "integer" })
    .setTyped("when", { value: new Date(0), type: "date" })
    .setTyped("receipt", { value: { no: 1, lines: ["a"] }, type: "json" })
    .setTyped("scan", {
      value: Buffer.from("scan").toString("base64"),
      type: "file",
      valueInfo: { filename: "scan.txt", mimeType: "text/plain" },
    })
    .setTransient("secret", "s");
  await taskService.complete(task, found, new Variables().set("local", 1));
  tell("completed");
});

client.subscribe("archive", async ({ task, taskService }) => {
  const scan = task.variables.getTyped("scan").value;
  await scan.load();
  tell("loaded", scan.content.toString());
  await taskService.lock(task, 10_000);
  await taskService.unlock(task);
  tell("unlocked");
});

client.on("poll:error", (error) => tell("poll", `${error}`));
for (const step of ["complete", "handleFailure", "handleBpmnError", "extendLock", "lock", "unlock"]) {
  client.on(`${step}:error`, (task, error) => tell(step, `${error}`));
}
client.start();
